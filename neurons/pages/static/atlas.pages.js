// What is on a unit's page, and on the pages of the set's pictures?
(function () {
  "use strict";
  const Atlas = window.Atlas, make = Atlas.make;
  // pictures that are added at a time, and columns that are shown before one asks for all
  const PAGE = 120, FIRST = 8;
  let asked = 0;

  // ---- a unit

  // order: the list that the unit was chosen from; back: the address of that list.
  Atlas.unitPage = async function (address, order, back) {
    const box = document.getElementById("unit"), unit = Atlas.unitOf(address), mine = ++asked;
    window.scrollTo(0, 0);
    if (unit < 0) { box.replaceChildren(unknown(address)); document.title = "No such unit"; return; }
    document.title = (Atlas.name(unit) ? Atlas.name(unit).slice(0, 80) + " · " : "") + Atlas.address(unit);
    const crumbs = steps(unit, order, back);
    box.replaceChildren(crumbs, make("p", "note", "loading …"));
    let page;
    try {
      page = (await Atlas.need("units/" + Atlas.part(unit, Atlas.meta.pagesAScript)))[unit % Atlas.meta.pagesAScript];
    } catch (error) {
      if (mine !== asked) { return; }
      box.replaceChildren(crumbs, make("h1", "", Atlas.address(unit)));
      const half = document.getElementById("half");
      if (half.hidden) { Atlas.trouble(error); } else { box.append(make("p", "lead", "The page of this unit is not made yet.")); }
      box.append(known(unit));
      return;
    }
    if (mine !== asked) { return; }
    const drawn = make("div", "drawn");
    // made by the report's templates, which escape all text
    drawn.innerHTML = page[0];
    box.replaceChildren(crumbs, drawn);
    const head = drawn.querySelector("header");
    const title = drawn.querySelector("h1"), told = known(unit);
    if (title && Atlas.name(unit)) { called(title, unit); }
    // what the page says itself is not said twice
    const said = new Set(Array.from(drawn.querySelectorAll("header dt"), function (each) { return each.textContent; }));
    told.querySelectorAll("dt").forEach(function (each) { if (said.has(each.textContent)) { each.parentNode.remove(); } });
    const rest = Array.from(told.children).slice(FIRST);
    if (rest.length > 2) {
      const all = make("button", "rest", "all " + Atlas.count(told.children.length, "column"));
      all.type = "button";
      rest.forEach(function (each) { each.hidden = true; });
      all.addEventListener("click", function () { rest.forEach(function (each) { each.hidden = false; }); all.parentNode.remove(); });
      const last = make("div");
      last.append(all);
      told.append(last);
    }
    if (head) { head.append(told); } else { drawn.prepend(told); }
    box.append(alike(page[1], page[2]));
    Atlas.show(box);
  };

  function called(title, unit) {
    const address = make("small");
    address.append(make("bdi", "", title.textContent));
    title.replaceChildren(make("bdi", "", Atlas.name(unit)), address);
  }

  function steps(unit, order, back) {
    const crumbs = make("nav", "crumbs"), up = make("a", "", "← " + (back.length > 1 ? "back to the list" : "all units"));
    up.href = back;
    up.title = "Escape";
    crumbs.append(up);
    let list = order, at = order.indexOf(unit);
    if (at < 0) {
      list = Array.from({ length: Atlas.meta.n }, function (_, i) { return i; });
      at = unit;
    }
    const span = make("span", "steps");
    if (at > 0) { span.append(step(list[at - 1], "before", "←")); }
    span.append(make("span", "at", (at + 1).toLocaleString("en") + " of " + list.length.toLocaleString("en")));
    if (at + 1 < list.length) { span.append(step(list[at + 1], "after", "→")); }
    crumbs.append(span);
    return crumbs;
  }

  function step(unit, kind, arrow) {
    const made = make("a", kind), name = make("bdi", "", Atlas.name(unit) || Atlas.numbered(unit));
    made.href = Atlas.link(unit);
    made.title = Atlas.address(unit) + (kind === "before" ? " (left arrow)" : " (right arrow)");
    if (kind === "before") { made.append(arrow + " ", name); } else { made.append(name, " " + arrow); }
    return made;
  }

  // Say what the columns hold of a unit; a text leads to all units that share it.
  function known(unit) {
    const list = make("dl", "facts known");
    Atlas.columns.forEach(function (column) {
      if (!Atlas.has(column, unit)) { return; }
      const pair = make("div"), name = make("dt", "", column.name), value = make("dd");
      if (column.about) { pair.title = column.about; }
      const text = Atlas.valueOf(column, unit);
      if (column.words) {
        const link = make("a");
        link.append(make("bdi", "", text));
        link.href = Atlas.only(column.name, text);
        value.append(link);
      } else { value.textContent = Atlas.told(text); }
      pair.append(name, value);
      list.append(pair);
    });
    return list;
  }

  function alike(units, values) {
    const box = make("section", "alike");
    box.append(make("h2", "", "Units most alike"));
    if (!units.length) {
      box.append(make("p", "note", "None: a unit that says the same of every image is like no other."));
      return box;
    }
    const cards = make("div", "cards");
    units.forEach(function (unit, i) {
      cards.append(Atlas.card(unit, values[i] === null ? "" : "correlation " + Atlas.told(values[i])));
    });
    box.append(cards, make("p", "note", "By Pearson's correlation of their responses over all images of the run; 1 is the same response. It does not say that they do the same in the network."));
    return box;
  }

  function unknown(address) {
    const box = make("div"), near = nearest(address), link = make("a", "", Atlas.address(near)), home = make("a", "", "all " + Atlas.count(Atlas.meta.n, "unit"));
    const lead = make("p", "lead"), way = make("p", "told");
    lead.append("There is no unit ", make("bdi", "", "‘" + address.slice(0, 200) + "’"), " in this atlas.");
    link.href = Atlas.link(near);
    home.href = "#";
    way.append("The nearest is ", link, "; or look at ", home, ".");
    box.append(lead, way);
    return box;
  }

  function nearest(address) {
    const number = Number((address.match(/\d+$/) || ["0"])[0]), told = Atlas.meta.addresses;
    if (!told.rest) { return Math.min(number, told.from0 - 1); }
    let best = 0, least = Infinity;
    told.rest.forEach(function (rest, i) {
      const far = Math.abs(Number((rest.match(/\d+$/) || ["0"])[0]) - number);
      if (far < least) { least = far; best = i; }
    });
    return best;
  }

  // ---- the pictures of the set

  let groups = null, shown = 0, all = [];

  Atlas.picturesPage = async function (box, state, go) {
    const mine = ++asked;
    try {
      groups = groups || await Atlas.need("labels");
      if (mine !== asked) { return; }
      if (state.picture) { await onePicture(box, Number(state.picture), state, mine); return; }
      gallery(box, state, go);
    } catch (error) { Atlas.trouble(error); }
  };

  function gallery(box, state, go) {
    const words = (state.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    const labelled = groups.length > 1 || groups.some(function (group) { return group[0]; });
    const head = make("p", "told how", "Every picture here is one of the set. Choose one to see which units answer to it most.");
    const tools = make("div", "tools"), select = make("select"), count = make("output");
    all = [];
    let start = 0;
    const any = make("option", "", "any class (" + Atlas.meta.nPictures.toLocaleString("en") + ")");
    any.value = "";
    select.append(any);
    groups.forEach(function (group, i) {
      const hit = words.every(function (word) { return group[0].toLowerCase().includes(word); });
      const option = make("option", "", (group[0].slice(0, 60) || "no class") + " (" + group[1].toLocaleString("en") + ")");
      option.value = String(i + 1);
      option.selected = state.label === option.value;
      select.append(option);
      if (hit && (!state.label || state.label === option.value)) {
        for (let k = 0; k < group[1]; k++) { all.push([start + k, group[0]]); }
      }
      start += group[1];
    });
    const label = make("label", "", "class ");
    label.append(select);
    select.addEventListener("change", function () { go({ label: select.value }); });
    count.textContent = all.length < start ? all.length.toLocaleString("en") + " of " + Atlas.count(start, "picture") : Atlas.count(start, "picture");
    tools.append(count);
    if (labelled) { tools.append(label); }
    const grid = make("div", "picks"), more = make("button", "more", "Show more");
    more.type = "button";
    box.replaceChildren(head, tools, grid, more);
    if (!all.length) { grid.append(make("p", "nothing", words.length ? "No class of pictures has these words." : "There are no pictures.")); }
    shown = 0;
    const next = function () { fill(grid, more); };
    more.addEventListener("click", next);
    next();
  }

  async function fill(grid, more) {
    const part = all.slice(shown, shown + PAGE), size = Atlas.meta.picturesAScript;
    shown += part.length;
    more.hidden = shown >= all.length;
    for (const each of part) {
      const i = each[0], link = make("a", "pick");
      link.href = Atlas.pictureLink(i);
      grid.append(link);
      Atlas.need("pictures/" + Atlas.part(i, size)).then(function (data) {
        const name = data.names[i % size];
        link.title = name.slice(0, 300);
        link.append(Atlas.picture(data.at[i % size], (each[1] || name).slice(0, 300), true), make("bdi", "", each[1] || name));
        Atlas.show(link);
      }, Atlas.trouble);
    }
  }

  async function onePicture(box, i, state, mine) {
    const size = Atlas.meta.picturesAScript, back = make("a", "", "← all pictures"), crumbs = make("nav", "crumbs");
    back.href = "#?view=pictures" + (state.label ? "&label=" + encodeURIComponent(state.label) : "");
    back.title = "Escape";
    crumbs.append(back);
    if (!(i >= 0 && i < Atlas.meta.nPictures)) {
      box.replaceChildren(crumbs, make("p", "lead", "There is no such picture in this atlas."));
      return;
    }
    const data = await Atlas.need("pictures/" + Atlas.part(i, size)), k = i % size;
    if (mine !== asked) { return; }
    let label = "", end = 0;
    groups.some(function (group) { end += group[1]; label = group[0]; return i < end; });
    const span = make("span", "steps");
    [[i - 1, "before", "← the one before"], [i + 1, "after", "the next one →"]].forEach(function (each) {
      if (each[0] < 0 || each[0] >= Atlas.meta.nPictures) { return; }
      const link = make("a", each[1], each[2]);
      link.href = Atlas.pictureLink(each[0]);
      span.append(link);
    });
    crumbs.append(span);
    const two = make("div", "one"), side = make("div", "picture"), list = make("ol", "units");
    side.append(Atlas.picture(data.at[k], (label || data.names[k]).slice(0, 300)));
    const name = make("p", "subtitle");
    name.append(make("bdi", "", data.names[k]));
    const title = make("h1");
    title.append(make("bdi", "", label || "A picture of the set"));
    side.append(title, name);
    data.units[k].forEach(function (unit, at) {
      if (unit >= 0) {
        const far = data.deviations[k][at];
        list.append(Atlas.line(unit, far === null ? [] : [["", Atlas.told(far) + " sd above its mean"]]));
      }
    });
    const right = make("div");
    right.append(make("h2", "", "Units that answer to it most"), list, make("p", "note", "By how far a unit's peak on this picture lies above its mean over all images, in standard deviations of the unit."));
    if (!list.children.length) { list.append(make("li", "nothing", "No unit answers to it.")); }
    two.append(side, right);
    box.replaceChildren(crumbs, two);
    Atlas.show(box);
    window.scrollTo(0, 0);
  }
})();
