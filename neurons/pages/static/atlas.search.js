// Which units does a word find? First those that have it, then those with a word that begins with
// it, then those with a word that differs by a letter or two.
(function () {
  "use strict";
  const Atlas = window.Atlas;
  const WHOLE = 0, WORD = 1, BEGINS = 2, NEARLY = 3, NONE = 255;

  function wordsOf(text) {
    return text.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "").match(/[\p{L}\p{N}]+/gu) || [];
  }

  // Make an index of fields: { name, words, codes }, words being the different texts of a column.
  // It holds each text once, however many units have it: that is why it is small and quick.
  Atlas.Index = function (n, fields) {
    const tokens = new Map();
    const inverse = fields.map(function (field) { return unitsBy(field); });
    fields.forEach(function (field, f) {
      field.words.forEach(function (text, code) {
        new Set(wordsOf(text.slice(0, 2000))).forEach(function (token) {
          if (!tokens.has(token)) { tokens.set(token, []); }
          tokens.get(token).push([f, code]);
        });
      });
    });
    const sorted = Array.from(tokens.keys()).sort();
    const whole = fields.map(function (field) {
      return field.words.map(function (text) { return wordsOf(text.slice(0, 2000)).join(" "); });
    });

    // Give { units, why }: the units found, best first, and for each what was found in it.
    // before: compares two units that were found in the same way.
    this.find = function (query, before) {
      const asked = wordsOf(query), said = asked.join(" ");
      const direct = addressed(query.trim());
      if (!asked.length) { return { units: direct, why: new Map() }; }
      const total = new Uint16Array(n), why = new Map();
      let left = new Uint8Array(n).fill(1);
      asked.forEach(function (word, i) {
        const best = new Uint8Array(n).fill(NONE);
        matching(word, sorted).forEach(function (match) {
          tokens.get(match.token).forEach(function (at) {
            const rank = match.rank === WORD && whole[at[0]][at[1]] === said ? WHOLE : match.rank;
            const value = rank * 16 + Math.min(at[0], 15);
            inverse[at[0]](at[1]).forEach(function (unit) {
              if (value < best[unit]) {
                best[unit] = value;
                if (!i && left[unit]) { why.set(unit, [at[0], at[1], rank]); }
              }
            });
          });
        });
        for (let unit = 0; unit < n; unit++) {
          if (best[unit] === NONE) { left[unit] = 0; } else { total[unit] += best[unit]; }
        }
      });
      const found = [];
      for (let unit = 0; unit < n; unit++) { if (left[unit]) { found.push(unit); } }
      found.sort(function (a, b) { return total[a] - total[b] || before(a, b) || a - b; });
      const first = new Set(direct);
      return { units: direct.concat(found.filter(function (unit) { return !first.has(unit); })), why: why };
    };

    // Give the texts that a word finds, best first: what to try where no unit is found.
    this.near = function (query) {
      return wordsOf(query).slice(0, 1).flatMap(function (word) {
        return sorted.filter(function (token) { return distance(word, token, 3) <= 3; })
          .sort(function (a, b) { return distance(word, a, 3) - distance(word, b, 3); }).slice(0, 5);
      });
    };
  };

  // Give a function from a text's code to the units that have it.
  function unitsBy(field) {
    const starts = new Int32Array(field.words.length + 1), members = new Int32Array(field.codes.length);
    field.codes.forEach(function (code) { starts[code + 1] += 1; });
    for (let i = 1; i < starts.length; i++) { starts[i] += starts[i - 1]; }
    const at = starts.slice();
    field.codes.forEach(function (code, unit) { members[at[code]++] = unit; });
    return function (code) { return members.subarray(starts[code], starts[code + 1]); };
  }

  function addressed(query) {
    const unit = Atlas.unitOf(query);
    if (unit >= 0) { return [unit]; }
    if (!/^\d+$/.test(query)) { return []; }
    const told = Atlas.meta.addresses;
    if (!told.rest) { return Number(query) < told.from0 ? [Number(query)] : []; }
    return told.rest.reduce(function (found, rest, i) {
      if (rest === query || rest.endsWith(":" + query)) { found.push(i); }
      return found;
    }, []);
  }

  function matching(word, sorted) {
    const found = [];
    let low = 0, high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < word) { low = middle + 1; } else { high = middle; }
    }
    for (let i = low; i < sorted.length && sorted[i].startsWith(word); i++) {
      found.push({ token: sorted[i], rank: sorted[i] === word ? WORD : BEGINS });
    }
    // a short word has too many neighbours
    const most = word.length < 4 || /\d/.test(word) ? 0 : word.length < 8 ? 1 : 2;
    if (most) {
      sorted.forEach(function (token) {
        if (!token.startsWith(word) && Math.abs(token.length - word.length) <= most &&
            distance(word, token, most) <= most) {
          found.push({ token: token, rank: NEARLY });
        }
      });
    }
    return found;
  }

  // Letters to change, add, leave out or swap with their neighbour; more than most is not told apart.
  function distance(a, b, most) {
    if (Math.abs(a.length - b.length) > most) { return most + 1; }
    let before = [], row = Array.from({ length: b.length + 1 }, function (_, j) { return j; });
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      let least = i;
      for (let j = 1; j <= b.length; j++) {
        let value = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
          value = Math.min(value, before[j - 2] + 1);
        }
        next.push(value);
        least = Math.min(least, value);
      }
      if (least > most) { return most + 1; }
      before = row;
      row = next;
    }
    return row[b.length];
  }
})();
