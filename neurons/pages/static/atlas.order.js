// Which units are listed, in which order? As the address asks: its search, its filters, its column.
(function () {
  "use strict";
  const Atlas = window.Atlas;
  let index = null;

  function column(name) { return Atlas.columns.find(function (each) { return each.name === name; }); }

  function mask(is, except) {
    const passed = new Uint8Array(Atlas.meta.n).fill(1);
    Object.keys(is).forEach(function (name) {
      const of = column(name);
      if (name === except || !of) { return; }
      const passing = Atlas.passing(of, is[name]);
      for (let unit = 0; unit < passed.length; unit++) { if (passed[unit] && !passing(unit)) { passed[unit] = 0; } }
    });
    return passed;
  }

  function searched(state, passed) {
    if (!state.q) { return { units: null, why: new Map() }; }
    if (!index) {
      const fields = [{ name: "name", words: Atlas.heads.words, codes: Atlas.heads.codes }];
      Atlas.columns.forEach(function (each) { if (each.searched && each.words) { fields.push(each); } });
      index = new Atlas.Index(Atlas.meta.n, fields);
      index.fields = fields;
    }
    // those found in the same way come in the list's usual order
    const first = firstNumber();
    const found = index.find(state.q, first ? byNumber(first, true) : function () { return 0; });
    return { units: found.units.filter(function (unit) { return passed[unit]; }), why: found.why };
  }

  function sortName(state) {
    if (state.sort) { return state.sort; }
    const first = firstNumber();
    return state.q ? "best match" : first ? first.name : "number";
  }

  function firstNumber() { return Atlas.columns.find(function (each) { return !each.words; }); }

  // compare by a column of numbers; what has none comes last, whichever way
  function byNumber(column, down) {
    return function (a, b) {
      const u = column.values[a], v = column.values[b];
      return u === null || v === null ? (u === null) - (v === null) : down ? v - u : u - v;
    };
  }

  function arrange(state) {
    const passed = mask(state.is), found = searched(state, passed), name = sortName(state);
    const order = found.units || [];
    if (!found.units) { for (let unit = 0; unit < passed.length; unit++) { if (passed[unit]) { order.push(unit); } } }
    const by = name === "name" ? { words: Atlas.heads.words, codes: Atlas.heads.codes } : column(name);
    // numbers from the highest, texts from the first letter
    const down = Boolean(by && !by.words) !== (state.turn === "1");
    if (by && by.words) {
      const place = placesOf(by.words);
      // of one text, the best first
      const first = firstNumber(), best = first ? byNumber(first, true) : function () { return 0; };
      order.sort(function (a, b) { return (place[by.codes[a]] - place[by.codes[b]]) * (down ? -1 : 1) || best(a, b) || a - b; });
    } else if (by) {
      const compared = byNumber(by, down);
      order.sort(function (a, b) { return compared(a, b) || a - b; });
    } else if (down) { order.reverse(); }
    return { units: order, by: by, down: down, why: found.why, index: index };
  }

  function placesOf(words) {
    const sorted = words.map(function (_, i) { return i; });
    const compared = new Intl.Collator("en", { numeric: true }).compare;
    sorted.sort(function (a, b) { return !words[a] - !words[b] || compared(words[a], words[b]); });
    const place = new Int32Array(words.length);
    sorted.forEach(function (code, i) { place[code] = i; });
    return place;
  }

  function colourName() {
    const texts = Atlas.columns.filter(function (each) { return each.words && each.words.length > 1 && each.words.length <= 24; });
    // several kinds say more than yes and no
    const few = texts.find(function (each) { return each.words.length > 3; }) || texts[0];
    const number = firstNumber();
    return few ? few.name : number ? number.name : Atlas.columns.length ? Atlas.columns[0].name : "";
  }

  // Give { units, by, down, why, index } of what an address asks for: the units in order, the column
  // that they are listed by, if any, and for units that were searched why each was found.
  Atlas.arranged = arrange;
  Atlas.mask = mask;
  Atlas.searched = function (state, passed) { return searched(state, passed).units; };
  Atlas.sortName = sortName;
  Atlas.colourName = colourName;
  Atlas.column = column;
})();
