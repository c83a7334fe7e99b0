// Links to pages that came later, sorting and filtering. Without it the pages are whole, and still.
(function () {
  "use strict";
  var known = window.PAGES || { order: [], pages: {}, named: {} };
  var crumbs = document.querySelector(".crumbs");
  var own = crumbs ? crumbs.dataset.own : null;

  // in quotes: a cell that says this, and nothing else
  function indexOf(name) { return "index.html#" + encodeURIComponent('"' + name + '"'); }

  function link(anchor) {
    var name = anchor.dataset.to;
    if (name === own) { return; }
    if (Object.hasOwn(known.pages, name)) {
      anchor.href = known.pages[name];
    } else if (known.order.length > 1 && Object.hasOwn(known.named, name)) {
      anchor.href = indexOf(name);
      anchor.title = "the " + known.named[name] + " in the index";
    } else {
      // the page was deleted
      anchor.removeAttribute("href");
    }
  }

  function step(to, text, key) {
    var anchor = document.createElement("a");
    anchor.href = known.pages[to];
    anchor.textContent = text;
    anchor.title = to + " (" + key + ")";
    document.addEventListener("keydown", function (event) {
      // in a wide table the arrows scroll
      var typing = event.target.closest && event.target.closest("input, .scroll");
      if (event.key === key && !typing && !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        window.location.href = anchor.href;
      }
    });
    return anchor;
  }

  function walk() {
    var at = known.order.indexOf(own);
    if (known.order.length < 2) { crumbs.hidden = true; return; }
    crumbs.querySelector("a").textContent = "All " + known.order.length.toLocaleString("en") + " pages";
    if (at < 0) { return; }
    var steps = document.createElement("span");
    steps.className = "steps";
    if (at > 0) { steps.append(step(known.order[at - 1], "\u2190 " + known.order[at - 1], "ArrowLeft")); }
    if (at + 1 < known.order.length) { steps.append(step(known.order[at + 1], known.order[at + 1] + " \u2192", "ArrowRight")); }
    crumbs.append(steps);
  }

  function value(row, i) {
    var text = row.cells[i].textContent.trim();
    var number = parseFloat(text.replace(/,/g, "").replace("\u2212", "-"));
    return { text: text, number: number };
  }

  function sortable(table) {
    var body = table.tBodies[0];
    var heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach(function (head, i) {
      if (head.classList.contains("thumbs") || !head.textContent.trim()) { return; }
      var numeric = head.classList.contains("n");
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.append(button);
      button.addEventListener("click", function () {
        var before = head.getAttribute("aria-sort");
        var down = before ? before === "ascending" : numeric;
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        var rows = Array.from(body.rows).map(function (row) { return { row: row, key: value(row, i) }; });
        rows.sort(function (a, b) {
          var order;
          if (numeric) {
            // what has no number comes last, whichever way
            if (isNaN(a.key.number) || isNaN(b.key.number)) { return isNaN(a.key.number) - isNaN(b.key.number); }
            order = a.key.number - b.key.number;
          } else {
            if (!a.key.text || !b.key.text) { return !a.key.text - !b.key.text; }
            order = a.key.text.localeCompare(b.key.text, "en", { numeric: true });
          }
          return down ? -order : order;
        });
        body.append.apply(body, rows.map(function (each) { return each.row; }));
      });
    });
  }

  function filterable(table, find) {
    var input = find.querySelector("input"), output = find.querySelector("output");
    var rows = Array.from(table.tBodies[0].rows).map(function (row) {
      var seen = Array.from(row.querySelectorAll("img")).map(function (img) { return img.title; });
      var cells = Array.from(row.cells).map(function (cell) { return cell.textContent.trim().toLowerCase(); });
      return { row: row, cells: cells, text: (cells.join(" ") + " " + seen.join(" ")).toLowerCase() };
    });
    function apply() {
      var words = input.value.toLowerCase().match(/"[^"]*"|\S+/g) || [], n = 0;
      rows.forEach(function (each) {
        var shown = words.every(function (word) {
          var whole = word.match(/^"(.*)"$/);
          return whole ? each.cells.includes(whole[1]) : each.text.includes(word);
        });
        each.row.hidden = !shown;
        n += shown;
      });
      output.textContent = words.length ? n.toLocaleString("en") + " of " + rows.length.toLocaleString("en") : "";
    }
    function asked() {
      var hash = decodeURIComponent(window.location.hash.slice(1));
      if (hash) { input.value = hash; apply(); }
    }
    find.hidden = false;
    input.addEventListener("input", apply);
    window.addEventListener("hashchange", asked);
    document.addEventListener("keydown", function (event) {
      if (event.key === "/" && event.target !== input) { event.preventDefault(); input.focus(); }
    });
    asked();
  }

  document.querySelectorAll("a[data-to]").forEach(link);
  if (crumbs) { walk(); }
  document.querySelectorAll("table.index, table.long").forEach(sortable);
  var find = document.querySelector(".find"), index = document.querySelector("table.index");
  if (find && index && index.tBodies[0].rows.length > 1) { filterable(index, find); }
})();
