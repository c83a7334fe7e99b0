// What is shown? The address says it: a unit's address its page, anything else the overview.
(function () {
  "use strict";
  const Atlas = window.Atlas, make = Atlas.make;
  const column = Atlas.column;
  const byId = function (id) { return document.getElementById(id); };
  // lines that are added at a time, and filters that are shown before one asks for all
  const STEP = 60, FIRST = 7;
  let typing = 0, allFilters = false, state = {}, order = [], why = new Map(), index = null, map = null, shownRows = 0, overviewAt = "#", drawnAt = null, scrolled = 0;

  // ---- what the address says

  function read() {
    const hash = window.location.hash.slice(1);
    let text = hash;
    try { text = decodeURIComponent(hash); } catch (error) { /* half an escape: taken as it is */ }
    if (hash && hash[0] !== "?") { return { unit: text }; }
    const said = new URLSearchParams(hash.slice(1)), found = { is: {} };
    said.forEach(function (value, key) {
      if (key.startsWith("is.")) { found.is[key.slice(3)] = value; } else { found[key] = value; }
    });
    return found;
  }

  function written(asked) {
    const said = new URLSearchParams();
    ["view", "q", "sort", "turn", "colour", "label", "picture"].forEach(function (key) {
      if (asked[key]) { said.set(key, asked[key]); }
    });
    Object.keys(asked.is || {}).forEach(function (name) { said.set("is." + name, asked.is[name]); });
    const text = said.toString();
    return text ? "#?" + text : "#";
  }

  // Show what changes ask for; a step that can be gone back, unless it replaces this one.
  function go(changes, replace) {
    const base = state.unit === undefined ? state : {};
    const next = Object.assign({ is: {} }, base, changes), to = written(next);
    if (replace) { history.replaceState(null, "", to); render(); } else { window.location.hash = to; }
  }

  function choose(name) {
    return function (value) {
      const is = Object.assign({}, state.is);
      if (value === undefined) { delete is[name]; } else { is[name] = value; }
      go({ is: is });
    };
  }

  // ---- the overview

  function render() {
    const before = state;
    state = read();
    if (before.unit === undefined && state.unit !== undefined) { scrolled = window.scrollY; }
    const one = state.unit !== undefined;
    byId("overview").hidden = one;
    byId("unit").hidden = !one;
    byId("trouble").hidden = true;
    byId("to-units").classList.toggle("on", !one && state.view !== "pictures");
    byId("to-pictures").classList.toggle("on", !one && state.view === "pictures");
    if (one) {
      if (!order.length) { order = Atlas.arranged({ is: {} }).units; }
      Atlas.unitPage(state.unit, order, overviewAt);
      return;
    }
    const ask = byId("ask");
    if (!typing) { ask.value = state.q || ""; }
    overviewAt = window.location.hash || "#";
    const pictures = state.view === "pictures";
    document.body.classList.toggle("asking", pictures || Boolean(state.q));
    byId("to-pictures").href = written({ view: "pictures", q: state.q });
    byId("to-units").href = written({ q: state.q });
    byId("units").hidden = pictures;
    byId("pictures").hidden = !pictures;
    document.title = "Atlas of " + Atlas.meta.layer;
    if (pictures) { Atlas.picturesPage(byId("pictures"), state, go); }
    else if (drawnAt !== overviewAt) { units(); drawnAt = overviewAt; }
    if (before.unit !== undefined) { back(before.unit); }
  }

  // Who comes back from a page finds the list as it was.
  function back(address) {
    window.scrollTo(0, scrolled);
    const line = Array.from(byId("list").querySelectorAll("a.unit-line")).find(function (each) {
      return each.hash === Atlas.link(Atlas.unitOf(address));
    });
    if (line) { line.focus({ preventScroll: true }); }
  }

  function units() {
    const sorting = Atlas.arranged(state), chosen = new Uint8Array(Atlas.meta.n);
    order = sorting.units;
    why = sorting.why;
    index = sorting.index;
    order.forEach(function (unit) { chosen[unit] = 1; });
    const narrowed = order.length < Atlas.meta.n;
    facets();
    const name = state.colour && column(state.colour) ? state.colour : Atlas.colourName();
    const by = column(name);
    options(byId("colour"), Atlas.columns.map(function (each) { return each.name; }), name);
    byId("colour").closest("label").hidden = !by;
    if (by) {
      const colours = by.colours = by.colours || Atlas.colours(by);
      map.paint(colours.of);
      Atlas.keys(byId("keys"), by, colours, state.q ? chosen : Atlas.mask(state.is, name), choose(name), state.is[name]);
    }
    map.limit(narrowed ? chosen : null);
    const sorts = (state.q ? ["best match"] : []).concat(["number", "name"], Atlas.columns.map(function (each) { return each.name; }));
    options(byId("sort"), Array.from(new Set(sorts)), Atlas.sortName(state));
    const turn = byId("turn");
    turn.textContent = sorting.down ? "↓" : "↑";
    turn.title = turn.ariaLabel = sorting.down ? "highest first; turn round" : "lowest first; turn round";
    turn.hidden = Atlas.sortName(state) === "best match";
    const count = byId("count");
    count.textContent = narrowed ? order.length.toLocaleString("en") + " of " + Atlas.count(Atlas.meta.n, "unit") : Atlas.count(Atlas.meta.n, "unit");
    list(sorting);
  }

  function options(select, names, chosen) {
    select.replaceChildren();
    names.forEach(function (name) {
      const option = make("option", "", name.slice(0, 60));
      option.value = name;
      option.selected = name === chosen;
      select.append(option);
    });
  }

  function facets() {
    const box = byId("facets");
    box.replaceChildren();
    // what is the same everywhere narrows nothing
    const useful = Atlas.columns.filter(function (each) { return !each.same || state.is[each.name] !== undefined; });
    const shown = useful.filter(function (each, i) { return allFilters || i < FIRST || state.is[each.name] !== undefined; });
    shown.forEach(function (each) {
      box.append(Atlas.facet(each, state.is[each.name], function () {
        const passed = Atlas.mask(state.is, each.name), found = Atlas.searched(state, passed);
        if (!found) { return passed; }
        const both = new Uint8Array(Atlas.meta.n);
        found.forEach(function (unit) { both[unit] = 1; });
        return both;
      }, choose(each.name)));
    });
    if (shown.length < useful.length || allFilters) {
      const rest = make("button", "rest", allFilters ? "fewer filters" : Atlas.count(useful.length - shown.length, "more filter"));
      rest.type = "button";
      rest.addEventListener("click", function () { allFilters = !allFilters; facets(); });
      box.append(rest);
    }
    if (Object.keys(state.is).length) {
      const clear = make("button", "clear", "show all");
      clear.type = "button";
      clear.addEventListener("click", function () { go({ is: {} }); });
      box.append(clear);
    }
  }

  function list(sorting) {
    const box = byId("list");
    box.replaceChildren();
    shownRows = 0;
    list.by = sorting.by && sorting.by.words ? sorting.by : null;
    if (!order.length) {
      const item = make("li", "nothing", "No unit is found. ");
      const tried = state.q && index ? index.near(state.q) : [];
      if (tried.length) {
        item.append("Did you mean ");
        tried.forEach(function (word, i) {
          const link = make("a", "", word);
          link.href = written(Object.assign({}, state, { q: word }));
          item.append(i ? ", " : "", link);
        });
        item.append("?");
      }
      if (Object.keys(state.is).length) { item.append(" Filters are on: show all, or ask for less."); }
      box.append(item);
    }
    more();
  }

  function more() {
    const box = byId("list"), part = order.slice(shownRows, shownRows + STEP);
    part.forEach(function (unit, i) {
      if (list.by) {
        const code = list.by.codes[unit], before = order[shownRows + i - 1];
        if (before === undefined || list.by.codes[before] !== code) { box.append(group(code)); }
      }
      box.append(Atlas.line(unit, said(unit)));
    });
    shownRows += part.length;
    byId("more").hidden = shownRows >= order.length;
  }

  function group(code) {
    const item = make("li", "group"), word = list.by.words[code];
    const size = order.reduce(function (sum, unit) { return sum + (list.by.codes[unit] === code); }, 0);
    item.append(make("bdi", "", word || "nothing known"), make("i", "", size.toLocaleString("en")));
    return item;
  }

  // what a line says: why it was found, what it is sorted by, and the first columns
  function said(unit) {
    const told = [], found = state.q ? why.get(unit) : undefined, used = new Set();
    if (found && (found[0] > 0 || found[2] === 3)) {
      const field = index.fields[found[0]];
      used.add(field.name);
      told.push([found[2] === 3 ? "like" : field.name, field.words[found[1]]]);
    }
    const first = column(Atlas.sortName(state));
    (first ? [first] : []).concat(Atlas.columns).forEach(function (each) {
      if (told.length < 4 && !used.has(each.name) && each.name !== (list.by && list.by.name) && Atlas.has(each, unit)) {
        used.add(each.name);
        const value = Atlas.valueOf(each, unit);
        if (value !== Atlas.name(unit)) { told.push([each.name, Atlas.told(value)]); }
      }
    });
    return told;
  }

  function point(unit, where) {
    const tip = byId("tip");
    tip.hidden = unit < 0;
    map.mark(-1);
    if (unit < 0) { return; }
    tip.replaceChildren(Atlas.thumbs(unit, 3));
    const name = make("b"), address = make("i");
    name.append(make("bdi", "", Atlas.name(unit) || Atlas.address(unit)));
    address.append(make("bdi", "", Atlas.address(unit)));
    tip.append(name, address);
    const colour = column(byId("colour").value);
    if (colour && Atlas.has(colour, unit)) { tip.append(make("span", "", colour.name + ": " + Atlas.told(Atlas.valueOf(colour, unit)))); }
    if (where.finger) { tip.append(make("i", "", "touch it again for its page")); }
    const wide = tip.offsetWidth, high = tip.offsetHeight;
    tip.style.left = Math.max(4, Math.min(where.wide - wide - 4, where.x - wide / 2)) + "px";
    tip.style.top = (where.y + high + 24 < where.high ? where.y + 16 : Math.max(4, where.y - high - 16)) + "px";
  }

  // ---- keys

  function keys(event) {
    const ask = byId("ask"), at = document.activeElement;
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    const typing = at && at.matches("input, select, textarea");
    if (event.key === "/" && !typing) { ask.focus(); ask.select(); }
    else if (event.key === "Escape") { leave(at, ask); }
    else if (at === ask && event.key === "Enter") { if (order.length && state.view !== "pictures") { ask.blur(); window.location.hash = Atlas.link(order[0]); } }
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && (at === ask || at.matches("a.unit-line, a.card, a.pick"))) {
      if (!walk(at, event.key === "ArrowDown" ? 1 : -1)) { return; }
    } else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && !typing && (state.unit !== undefined || state.picture) && !at.closest(".scroll")) {
      const step = byId(state.picture ? "pictures" : "unit").querySelector(event.key === "ArrowLeft" ? "a.before" : "a.after");
      if (step) { window.location.hash = step.hash; }
    } else { return; }
    event.preventDefault();
  }

  function leave(at, ask) {
    const open = document.querySelector("details.facet[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
    else if (state.unit !== undefined) { window.location.hash = overviewAt; }
    else if (state.picture) { go({ picture: "" }); }
    else if (at === ask && ask.value) { ask.value = ""; go({ q: "" }, true); }
    else if (at) { at.blur(); }
  }

  function walk(at, step) {
    const lines = Array.from(document.querySelectorAll("main a.unit-line, main a.card, main a.pick")).filter(function (each) { return each.offsetParent; });
    const next = at === byId("ask") ? (step > 0 ? 0 : -1) : lines.indexOf(at) + step;
    if (next === -1 && at !== byId("ask")) { byId("ask").focus(); return true; }
    if (!lines[next]) { return false; }
    lines[next].focus();
    return true;
  }

  // ---- the beginning

  function half(told) {
    if (told.whole) { return; }
    const box = byId("half");
    box.textContent = "This atlas is half built: " + told.done.toLocaleString("en") + " of " + Atlas.count(told.total, "page") +
      " are there. Run the same command again: it goes on where it stopped.";
    box.hidden = false;
  }

  function listen() {
    const ask = byId("ask");
    ask.addEventListener("input", function () {
      clearTimeout(typing);
      typing = setTimeout(function () {
        typing = 0;
        if (state.unit !== undefined) { go({ q: ask.value }); } else { go({ q: ask.value, picture: "" }, true); }
      }, Atlas.meta.n > 20000 ? 120 : 20);
    });
    byId("sort").addEventListener("change", function (event) { go({ sort: event.target.value, turn: "" }); });
    byId("colour").addEventListener("change", function (event) { go({ colour: event.target.value }, true); });
    byId("turn").addEventListener("click", function () { go({ turn: state.turn ? "" : "1" }); });
    byId("closer").addEventListener("click", function () { map.zoom(1.6); });
    byId("farther").addEventListener("click", function () { map.zoom(1 / 1.6); });
    byId("all").addEventListener("click", function () { map.whole(); });
    byId("more").addEventListener("click", more);
    new IntersectionObserver(function (seen) { if (seen[0].isIntersecting) { more(); } }, { rootMargin: "600px" }).observe(byId("more"));
    document.addEventListener("keydown", keys);
    document.addEventListener("click", function (event) {
      document.querySelectorAll("details.facet[open]").forEach(function (each) { if (!each.contains(event.target)) { each.open = false; } });
    });
    byId("list").addEventListener("mouseover", function (event) {
      const line = event.target.closest("a.unit-line");
      map.mark(line ? Atlas.unitOf(decodeURIComponent(line.hash.slice(1))) : -1);
    });
    window.addEventListener("hashchange", render);
  }

  async function begin() {
    try {
      half(await Atlas.need("state"));
      const meta = Atlas.meta = await Atlas.need("meta");
      map = new Atlas.Map(byId("map"), { point: point, open: function (unit) { window.location.hash = Atlas.link(unit); } });
      byId("map-note").textContent = meta.mapNote;
      const parts = await Promise.all(["heads", "places"].map(Atlas.need));
      Atlas.heads = parts[0];
      Atlas.columns = [];
      const places = parts[1], placed = places.x.filter(function (each) { return each >= 0; }).length;
      map.set(places);
      if (placed < meta.n) { byId("map-note").prepend(Atlas.count(meta.n - placed, "unit") + (meta.n - placed === 1 ? " has" : " have") + " no place on the map. "); }
      byId("map").classList.toggle("empty", !placed);
      const loaded = await Promise.all(meta.columns.map(function (_, i) { return Atlas.need("columns/" + String(i).padStart(3, "0")); }));
      Atlas.columns = meta.columns.map(function (each, i) { 
        const column = Object.assign({}, each, loaded[i]);
        column.same = column.words ? column.words.length < 2 : column.values.every(function (value) { return value === column.values[0]; });
        return column;
      });
      listen();
      render();
      document.body.dataset.ready = "yes";
    } catch (error) { Atlas.trouble(error); }
  }

  Atlas.search = function (q) { return written({ q: q, is: {} }); };
  Atlas.only = function (name, value) { const is = {}; is[name] = value; return written({ is: is }); };
  Atlas.pictureLink = function (i) { return written({ view: "pictures", picture: String(i) }); };
  begin();
})();
