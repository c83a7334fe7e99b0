// How do data and pictures reach an atlas that was opened from disk?
// Every file in data/ is a script that calls atlas(name, payload); it is loaded when it is needed.
(function () {
  "use strict";
  const there = new Map(), asked = new Map(), sheets = new Map();
  // unit pages that are kept: others are read from disk again
  const MOST_PAGES = 12;
  let pages = [];

  window.atlas = function (name, payload) { there.set(name, payload); };

  const Atlas = window.Atlas = {};

  // Give what a data script holds, or an error that says in words what is missing.
  Atlas.need = function (name) {
    if (!asked.has(name)) {
      asked.set(name, new Promise(function (resolve, reject) {
        const script = document.createElement("script");
        const failed = function (why) {
          asked.delete(name);
          script.remove();
          reject(new Error("The file data/" + name + ".js " + why));
        };
        script.src = "data/" + name + ".js";
        script.onload = function () {
          script.remove();
          if (there.has(name)) { resolve(there.get(name)); } else { failed("is broken."); }
          there.delete(name);
        };
        script.onerror = function () { failed("is missing."); };
        document.head.append(script);
      }));
      if (name.startsWith("units/")) {
        pages.push(name);
        if (pages.length > MOST_PAGES) { asked.delete(pages.shift()); }
      }
    }
    return asked.get(name);
  };

  Atlas.trouble = function (error) {
    const box = document.getElementById("trouble");
    box.textContent = error.message + " Was the folder copied whole, with index.html, assets and data? " +
      "If it was, make the atlas again with the command that made it: it goes on where it stopped.";
    box.hidden = false;
  };

  // Make an element; text is text, never HTML.
  Atlas.make = function (name, classes, text) {
    const made = document.createElement(name);
    if (classes) { made.className = classes; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  };

  Atlas.count = function (n, what) {
    return n.toLocaleString("en") + " " + what + (n === 1 ? "" : "s");
  };

  // Make a picture from its code; square: its middle.
  Atlas.picture = function (code, told, square) {
    const made = Atlas.make("span", square ? "sprite square" : "sprite");
    made.dataset.at = code;
    if (told) {
      made.setAttribute("role", "img");
      made.setAttribute("aria-label", told);
    } else {
      made.setAttribute("aria-hidden", "true");
    }
    return made;
  };

  const near = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      if (entry.isIntersecting) {
        near.unobserve(entry.target);
        entry.target.style.backgroundImage = "url(" + sheet(entry.target) + ")";
      }
    });
  }, { rootMargin: "300px" });

  // Give every picture in an element its place in its sheet; sheets are loaded as they come into sight.
  Atlas.show = function (root) {
    root.querySelectorAll("[data-at]").forEach(function (each) {
      place(each);
      near.observe(each);
    });
  };

  function place(made) {
    const kind = Atlas.meta.sheets[made.dataset.sheet || "s"], code = Number(made.dataset.at);
    let wide = Math.floor(code / 1e3) % 1e3, high = code % 1e3;
    const cell = Math.floor(code / 1e6) % (kind.across * kind.across);
    const pitch = kind.side + 2 * kind.margin, size = kind.across * pitch;
    let left = (cell % kind.across) * pitch + kind.margin;
    let top = Math.floor(cell / kind.across) * pitch + kind.margin;
    if (made.classList.contains("square")) {
      const side = Math.min(wide, high);
      left += Math.floor((wide - side) / 2);
      top += Math.floor((high - side) / 2);
      wide = high = side;
    }
    made.style.aspectRatio = wide + " / " + high;
    made.style.backgroundSize = 100 * size / wide + "% " + 100 * size / high + "%";
    made.style.backgroundPosition = 100 * left / (size - wide) + "% " + 100 * top / (size - high) + "%";
  }

  function sheet(made) {
    const name = made.dataset.sheet || "s", kind = Atlas.meta.sheets[name];
    const number = Math.floor(Math.floor(Number(made.dataset.at) / 1e6) / (kind.across * kind.across));
    const file = "data/sheets/" + name + String(number).padStart(5, "0") + ".webp";
    if (!sheets.has(file)) {
      const image = new Image();
      image.onerror = function () { Atlas.trouble(new Error("The pictures " + file + " are missing.")); };
      image.src = file;
      sheets.set(file, true);
    }
    return file;
  }

  // Give the scripts' number of an item, as their names have it.
  Atlas.part = function (i, size) { return String(Math.floor(i / size)).padStart(5, "0"); };

  Atlas.tops = async function (unit) {
    const size = Atlas.meta.topsAScript;
    return (await Atlas.need("tops/" + Atlas.part(unit, size)))[unit % size];
  };

  Atlas.address = function (unit) {
    const told = Atlas.meta.addresses;
    return told.shared + (told.rest ? told.rest[unit] : unit);
  };

  Atlas.numbered = function (unit) {
    const told = Atlas.meta.addresses;
    return told.rest ? told.rest[unit] : String(unit);
  };

  Atlas.unitOf = function (address) {
    const told = Atlas.meta.addresses;
    if (!address.startsWith(told.shared)) { return -1; }
    const rest = address.slice(told.shared.length);
    if (told.rest) { return told.rest.indexOf(rest); }
    return /^(0|[1-9]\d*)$/.test(rest) && Number(rest) < told.from0 ? Number(rest) : -1;
  };

  Atlas.link = function (unit) {
    return "#" + encodeURIComponent(Atlas.address(unit)).replace(/%3A/g, ":");
  };
})();
