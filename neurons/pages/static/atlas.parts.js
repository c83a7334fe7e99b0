// What do lists, filters and keys look like? Built from the columns; none is known by name.
(function () {
  "use strict";
  const Atlas = window.Atlas, make = Atlas.make;
  const FEW = 12, MOST = 300, BARS = 24;

  Atlas.told = function (value) {
    if (value === null) { return "–"; }
    if (typeof value !== "number") { return value; }
    return Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(3)));
  };

  Atlas.valueOf = function (column, unit) {
    return column.words ? column.words[column.codes[unit]] : column.values[unit];
  };

  Atlas.has = function (column, unit) {
    const value = Atlas.valueOf(column, unit);
    return value !== null && value !== "";
  };

  // Whether a unit passes a filter: a text, or two numbers such as 0.3..1, of which one may be left out.
  Atlas.passing = function (column, asked) {
    if (column.words) {
      const code = column.words.indexOf(asked);
      return function (unit) { return column.codes[unit] === code; };
    }
    const ends = asked.split("..");
    const low = ends[0] === "" ? -Infinity : Number(ends[0]), top = !ends[1] ? Infinity : Number(ends[1]);
    return function (unit) {
      const value = column.values[unit];
      return value !== null && value >= low && value <= top;
    };
  };

  Atlas.name = function (unit) { return Atlas.heads.words[Atlas.heads.codes[unit]]; };

  // Make a line of a list: pictures, name and address, and a few values.
  Atlas.line = function (unit, said) {
    const item = make("li"), line = make("a", "unit-line"), name = make("span", "called");
    line.href = Atlas.link(unit);
    line.append(Atlas.thumbs(unit, 3), name);
    name.append(bdi("b", Atlas.name(unit) || Atlas.address(unit)), bdi("i", Atlas.address(unit)));
    const values = make("span", "tells");
    said.forEach(function (each) {
      const value = make("span");
      if (each[0]) { value.append(make("i", "", each[0]), " "); }
      value.append(bdi("span", each[1]));
      values.append(value);
    });
    line.append(values);
    item.append(line);
    return item;
  };

  function bdi(name, text) {
    const made = make(name);
    made.append(make("bdi", "", text));
    return made;
  }

  Atlas.thumbs = function (unit, count) {
    const made = make("span", "thumbs");
    Atlas.tops(unit).then(function (codes) {
      codes.slice(0, count).forEach(function (code) { made.append(Atlas.picture(code, "", true)); });
      Atlas.show(made);
      if (!codes.length) { made.append(make("span", "none", "no pictures")); }
    }, Atlas.trouble);
    return made;
  };

  // Make a card: a unit, what is said of it, and its pictures.
  Atlas.card = function (unit, said) {
    const card = make("a", "card");
    card.href = Atlas.link(unit);
    card.append(Atlas.thumbs(unit, 4), bdi("b", Atlas.name(unit) || Atlas.address(unit)), bdi("i", Atlas.address(unit)));
    card.append(make("span", "said", said));
    return card;
  };

  // Make a filter of a column. counted: function to the units that pass all other filters, as a mask.
  Atlas.facet = function (column, asked, counted, choose) {
    const box = make("details", "facet"), head = make("summary", asked === undefined ? "" : "on");
    head.append(make("span", "", column.name));
    if (asked !== undefined) { head.append(make("b", "", asked === "" ? "nothing known" : asked.replace("..", " to "))); }
    if (column.about) { head.title = column.about; }
    const panel = make("div", "panel");
    box.append(head, panel);
    box.addEventListener("toggle", function () {
      if (!box.open) { return; }
      document.querySelectorAll("details.facet[open]").forEach(function (other) { if (other !== box) { other.open = false; } });
      panel.replaceChildren();
      if (column.about) { panel.append(make("p", "note", column.about)); }
      if (asked !== undefined) {
        const clear = make("button", "clear", "any " + column.name);
        clear.type = "button";
        clear.addEventListener("click", function () { choose(undefined); });
        panel.append(clear);
      }
      (column.words ? texts : range)(column, asked, counted(), choose, panel);
      // a panel at the right stays on the page
      panel.style.left = "0";
      const over = panel.getBoundingClientRect().right - document.documentElement.clientWidth + 8;
      if (over > 0) { panel.style.left = -over + "px"; }
    });
    return box;
  };

  function texts(column, asked, mask, choose, panel) {
    const counts = new Array(column.words.length).fill(0);
    column.codes.forEach(function (code, unit) { if (mask[unit]) { counts[code] += 1; } });
    const list = make("div", "choices");
    const order = column.words.map(function (_, code) { return code; })
      .filter(function (code) { return counts[code] || column.words[code] === asked; })
      .sort(function (a, b) { return counts[b] - counts[a] || a - b; });
    const fill = function (part) {
      const found = order.filter(function (code) { return column.words[code].toLowerCase().includes(part); });
      list.replaceChildren();
      found.slice(0, MOST).forEach(function (code) {
        const word = column.words[code], button = make("button", word === asked ? "on" : "");
        button.type = "button";
        button.append(bdi("span", word || "nothing known"), make("i", "", counts[code].toLocaleString("en")));
        button.addEventListener("click", function () { choose(word === asked ? undefined : word); });
        list.append(button);
      });
      if (found.length > MOST) { list.append(make("p", "note", "and " + Atlas.count(found.length - MOST, "more value"))); }
    };
    if (order.length > FEW) {
      const input = make("input");
      input.type = "search";
      input.placeholder = order.length.toLocaleString("en") + " values";
      input.setAttribute("aria-label", "Values of " + column.name + " that hold");
      input.addEventListener("input", function () { fill(input.value.toLowerCase()); });
      panel.append(input);
    }
    panel.append(list);
    fill("");
  }

  function range(column, asked, mask, choose, panel) {
    const known = column.values.filter(function (value, unit) { return value !== null && mask[unit]; });
    if (!known.length) { panel.append(make("p", "note", "no unit here has a value")); return; }
    let low = Infinity, top = -Infinity;
    known.forEach(function (value) { low = Math.min(low, value); top = Math.max(top, value); });
    const bars = new Array(BARS).fill(0), drawn = make("div", "bars");
    known.forEach(function (value) { bars[top > low ? Math.min(BARS - 1, Math.floor((value - low) / (top - low) * BARS)) : 0] += 1; });
    const most = Math.max.apply(null, bars);
    bars.forEach(function (count, i) {
      const bar = make("i");
      bar.style.height = (count ? Math.max(3, 100 * count / most) : 0) + "%";
      bar.title = Atlas.count(count, "unit") + " around " + Atlas.told(low + (i + .5) / BARS * (top - low));
      drawn.append(bar);
    });
    const form = make("form", "ends"), ends = (asked || "..").split("..");
    const inputs = [["from", low, ends[0]], ["to", top, ends[1]]].map(function (each) {
      const label = make("label", "", each[0] + " "), input = make("input");
      input.inputMode = "decimal";
      input.placeholder = Atlas.told(each[1]);
      input.value = each[2] || "";
      label.append(input);
      form.append(label);
      return input;
    });
    const button = make("button", "", "show");
    form.append(button);
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      const given = inputs.map(function (input) { return input.value.trim().replace(",", "."); });
      const wrong = inputs.find(function (_, i) { return given[i] !== "" && isNaN(Number(given[i])); });
      if (wrong) { wrong.setAttribute("aria-invalid", "true"); wrong.focus(); return; }
      choose(given[0] === "" && given[1] === "" ? undefined : given.join(".."));
    });
    panel.append(drawn, form);
    const missing = mask.reduce(function (sum, each) { return sum + each; }, 0) - known.length;
    if (missing) { panel.append(make("p", "note", Atlas.count(missing, "unit") + " without a value")); }
  }

  // Say what colours mean; a click on one narrows the list.
  Atlas.keys = function (box, column, colours, mask, choose, asked) {
    box.replaceChildren();
    if (colours.ramp) {
      if (colours.low === undefined) { box.append(make("span", "note", "no unit has a value")); return; }
      const bar = make("span", "ramp");
      bar.style.background = "linear-gradient(to right, " + colours.ramp + ")";
      box.append(make("span", "", Atlas.told(colours.low)), bar, make("span", "", Atlas.told(colours.top)));
      if (colours.missing) { box.append(grey(colours.other, Atlas.count(colours.missing, "unit") + " without a value")); }
      return;
    }
    const counts = new Array(column.words.length).fill(0);
    column.codes.forEach(function (code, unit) { if (mask[unit]) { counts[code] += 1; } });
    colours.keys.forEach(function (key) {
      const button = make("button", key.word === asked ? "on" : "");
      button.type = "button";
      button.append(swatch(key.colour), bdi("span", key.word), make("i", "", counts[column.words.indexOf(key.word)].toLocaleString("en")));
      button.addEventListener("click", function () { choose(key.word === asked ? undefined : key.word); });
      box.append(button);
    });
    if (colours.rest > 0) { box.append(grey(colours.other, colours.rest === 1 ? "any other" : "any of " + colours.rest.toLocaleString("en") + " others")); }
  };

  function grey(colour, text) {
    const made = make("span");
    made.append(swatch(colour), make("span", "", text));
    return made;
  }

  function swatch(colour) {
    const made = make("span", "swatch");
    made.style.background = colour;
    return made;
  }
})();
