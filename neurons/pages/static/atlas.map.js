// Where do the units lie? Points on a canvas, found with the pointer or the arrow keys.
(function () {
  "use strict";
  const Atlas = window.Atlas;
  const SPAN = 10000, REACH = 18, FURTHEST = 60;
  // told apart also by those who see fewer colours (after Okabe and Ito, and Tableau)
  const COLOURS = ["#4e79a7", "#e8883a", "#59a14f", "#d1495b", "#8f6bb0", "#b8860b", "#2a9d8f", "#c77cba", "#8c6d46", "#6c9bd2"];
  const RAMP = [[68, 88, 140], [52, 130, 150], [90, 165, 110], [205, 175, 60], [226, 110, 50]];
  const OTHER = "#9a9f98";

  // handlers: { point(unit or -1, where), open(unit) }
  Atlas.Map = function (box, handlers) {
    const canvas = box.querySelector("canvas"), front = canvas.getContext("2d");
    // the points are drawn once: pointing at one redraws only its ring
    const back = document.createElement("canvas"), drawing = back.getContext("2d", { willReadFrequently: true });
    let places = null, colours = null, shown = null, pointed = -1, marked = -1;
    let scale = 1, middle = [SPAN / 2, SPAN / 2], wide = 0, high = 0, waiting = false, stale = true, dragged = null;

    this.set = function (given) { places = given; ask(); };
    this.paint = function (given) { colours = given; ask(); };
    this.limit = function (given) { shown = given; point(-1); ask(); };
    this.mark = function (unit) { marked = unit; ask("ring"); };
    this.zoom = zoom;
    this.whole = function () { scale = 1; middle = [SPAN / 2, SPAN / 2]; ask(); };
    this.resize = ask;

    function side() { return Math.min(wide, high) - 24; }
    function x(unit) { return wide / 2 + (places.x[unit] - middle[0]) / SPAN * side() * scale; }
    function y(unit) { return high / 2 + (places.y[unit] - middle[1]) / SPAN * side() * scale; }
    function has(unit) { return places.x[unit] >= 0 && (!shown || shown[unit]); }

    function ask(what) {
      stale = stale || what !== "ring";
      if (!waiting) {
        waiting = true;
        requestAnimationFrame(function () { waiting = false; draw(); });
      }
    }

    function draw() {
      const dense = window.devicePixelRatio || 1;
      wide = box.clientWidth;
      high = box.clientHeight;
      if (!wide) { return; }
      if (canvas.width !== Math.round(wide * dense) || canvas.height !== Math.round(high * dense)) {
        canvas.width = back.width = Math.round(wide * dense);
        canvas.height = back.height = Math.round(high * dense);
        stale = true;
      }
      if (!places) { return; }
      const size = radius(places.x.length);
      if (stale) { stale = false; drawPoints(dense, size); }
      front.setTransform(1, 0, 0, 1, 0, 0);
      front.clearRect(0, 0, canvas.width, canvas.height);
      front.drawImage(back, 0, 0);
      front.setTransform(dense, 0, 0, dense, 0, 0);
      [marked, pointed].forEach(function (unit) {
        if (unit >= 0 && places.x[unit] >= 0) { ring(unit, size); }
      });
    }

    function drawPoints(dense, size) {
      drawing.setTransform(dense, 0, 0, dense, 0, 0);
      drawing.clearRect(0, 0, wide, high);
      // those that are left out lie below
      if (shown) { points(size * .7, .2, function (unit) { return places.x[unit] >= 0 && !shown[unit]; }); }
      const plain = function (unit) { return !colours || colours(unit) === OTHER; };
      points(size, shown ? .85 : .45, function (unit) { return has(unit) && plain(unit); });
      points(size, .85, function (unit) { return has(unit) && !plain(unit); });
    }

    function radius(n) {
      const room = side() / Math.sqrt(Math.max(n, 1)) * .3;
      return Math.max(1, Math.min(5.5, room)) * Math.min(2, Math.sqrt(scale));
    }

    function points(size, opaque, which) {
      if (size < 2) { dots(size, opaque, which); return; }
      drawing.globalAlpha = opaque;
      for (let unit = 0; unit < places.x.length; unit++) {
        if (!which(unit)) { continue; }
        const left = x(unit), top = y(unit);
        if (left < -9 || top < -9 || left > wide + 9 || top > high + 9) { continue; }
        drawing.fillStyle = !colours || opaque < .3 ? OTHER : colours(unit);
        drawing.beginPath();
        drawing.arc(left, top, size, 0, 7);
        drawing.fill();
      }
      drawing.globalAlpha = 1;
    }

    // Small points, of which there are many: their pixels are set, which is ten times as quick.
    function dots(size, opaque, which) {
      const dense = window.devicePixelRatio || 1, across = Math.max(2, Math.round(2 * size * dense));
      const image = drawing.getImageData(0, 0, back.width, back.height);
      const pixels = new Uint32Array(image.data.buffer), rgba = new Map();
      for (let unit = 0; unit < places.x.length; unit++) {
        if (!which(unit)) { continue; }
        const colour = !colours || opaque < .3 ? OTHER : colours(unit);
        if (!rgba.has(colour)) { rgba.set(colour, pixelOf(colour, opaque)); }
        const left = Math.round((x(unit) - size) * dense), top = Math.round((y(unit) - size) * dense);
        if (left < 0 || top < 0 || left + across > back.width || top + across > back.height) { continue; }
        for (let row = top; row < top + across; row++) {
          pixels.fill(rgba.get(colour), row * back.width + left, row * back.width + left + across);
        }
      }
      drawing.putImageData(image, 0, 0);
    }

    function ring(unit, size) {
      front.beginPath();
      front.arc(x(unit), y(unit), size + 4, 0, 7);
      front.lineWidth = 2;
      front.strokeStyle = getComputedStyle(box).color;
      front.stroke();
    }

    function nearest(left, top, most, which) {
      let best = -1, least = most * most;
      for (let unit = 0; unit < places.x.length; unit++) {
        if (!has(unit) || !which(unit)) { continue; }
        const far = Math.pow(x(unit) - left, 2) + Math.pow(y(unit) - top, 2);
        if (far < least) { least = far; best = unit; }
      }
      return best;
    }

    function point(unit, finger) {
      if (unit === pointed) { return; }
      pointed = unit;
      ask("ring");
      const at = unit < 0 ? [0, 0] : [x(unit), y(unit)];
      handlers.point(unit, { x: at[0], y: at[1], wide: wide, high: high, finger: Boolean(finger) });
    }

    function zoom(factor, left, top) {
      const at = [left === undefined ? wide / 2 : left, top === undefined ? high / 2 : top];
      const next = Math.min(FURTHEST, Math.max(1, scale * factor));
      const moved = SPAN / side() * (1 / scale - 1 / next);
      middle = [middle[0] + (at[0] - wide / 2) * moved, middle[1] + (at[1] - high / 2) * moved];
      scale = next;
      if (scale === 1) { middle = [SPAN / 2, SPAN / 2]; }
      point(-1);
      ask();
    }

    function move(left, top) {
      middle = [middle[0] + left * SPAN / side() / scale, middle[1] + top * SPAN / side() / scale];
      ask();
    }

    // the nearest unit that lies more this way than another
    function step(right, down) {
      if (pointed < 0) { point(nearest(wide / 2, high / 2, 1e9, function () { return true; })); return; }
      const left = x(pointed), top = y(pointed);
      let best = -1, least = Infinity;
      for (let unit = 0; unit < places.x.length; unit++) {
        if (unit === pointed || !has(unit)) { continue; }
        const along = (x(unit) - left) * right + (y(unit) - top) * down;
        const aside = Math.abs((x(unit) - left) * down) + Math.abs((y(unit) - top) * right);
        if (along > .01 && aside <= along && along + 2 * aside < least) { least = along + 2 * aside; best = unit; }
      }
      if (best < 0) { return; }
      const beyond = [x(best) < 0 || x(best) > wide, y(best) < 0 || y(best) > high];
      if (beyond[0] || beyond[1]) { middle = [places.x[best], places.y[best]]; ask(); }
      point(best);
    }

    canvas.addEventListener("pointermove", function (event) {
      if (!places) { return; }
      if (dragged) {
        move(dragged[0] - event.offsetX, dragged[1] - event.offsetY);
        dragged = [event.offsetX, event.offsetY, dragged[2] + Math.abs(event.movementX) + Math.abs(event.movementY)];
        return;
      }
      if (event.pointerType === "mouse") { point(nearest(event.offsetX, event.offsetY, REACH, function () { return true; })); }
    });
    canvas.addEventListener("pointerdown", function (event) {
      if (scale > 1 && event.pointerType === "mouse") { dragged = [event.offsetX, event.offsetY, 0]; canvas.setPointerCapture(event.pointerId); }
    });
    canvas.addEventListener("pointerup", function () { setTimeout(function () { dragged = null; }); });
    canvas.addEventListener("pointerleave", function () { if (!dragged) { point(-1); } });
    canvas.addEventListener("click", function (event) {
      if (!places || (dragged && dragged[2] > 6)) { return; }
      const unit = nearest(event.offsetX, event.offsetY, REACH, function () { return true; });
      // a finger points first: its second touch opens
      const finger = event.pointerType && event.pointerType !== "mouse";
      if (unit >= 0 && (!finger || unit === pointed)) { handlers.open(unit); } else { point(unit, finger); }
    });
    canvas.addEventListener("dblclick", function (event) { zoom(2, event.offsetX, event.offsetY); });
    canvas.addEventListener("wheel", function (event) {
      // without the key the page scrolls
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        zoom(Math.exp(-event.deltaY / 200), event.offsetX, event.offsetY);
      }
    }, { passive: false });
    canvas.addEventListener("keydown", function (event) {
      if (!places || event.ctrlKey || event.metaKey || event.altKey) { return; }
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (way) { step(way[0], way[1]); }
      else if (event.key === "Enter" && pointed >= 0) { handlers.open(pointed); }
      else if (event.key === "+" || event.key === "=") { zoom(1.6); }
      else if (event.key === "-") { zoom(1 / 1.6); }
      else if (event.key === "0") { zoom(0); }
      else { return; }
      event.preventDefault();
      event.stopPropagation();
    });
    canvas.addEventListener("blur", function () { point(-1); });
    new ResizeObserver(ask).observe(box);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ask);
  };

  // Give { of: function from a unit to a colour, keys: what each colour means } of a column.
  Atlas.colours = function (column) {
    if (column.words) {
      const named = column.words.map(function (word, code) { return { word: word, code: code }; });
      const first = named.filter(function (each) { return each.word; }).slice(0, COLOURS.length);
      const of = new Map(first.map(function (each, i) { return [each.code, COLOURS[i]]; }));
      const rest = named.length - first.length;
      return {
        of: function (unit) { return of.get(column.codes[unit]) || OTHER; },
        keys: first.map(function (each, i) { return { word: each.word, colour: COLOURS[i] }; }),
        rest: rest, other: OTHER,
      };
    }
    const known = column.values.filter(function (value) { return value !== null; }).sort(function (a, b) { return a - b; });
    const low = known[Math.floor(known.length * .01)], top = known[Math.ceil(known.length * .99) - 1];
    const table = Array.from({ length: 64 }, function (_, i) { return ramp(i / 63); });
    return {
      of: function (unit) {
        const value = column.values[unit];
        if (value === null) { return OTHER; }
        return table[top > low ? Math.round(63 * Math.min(1, Math.max(0, (value - low) / (top - low)))) : 32];
      },
      low: low, top: top, ramp: RAMP.map(function (each) { return "rgb(" + each + ")"; }).join(", "),
      missing: column.values.length - known.length, other: OTHER,
    };
  };

  // Give a colour, #rrggbb or rgb(r,g,b), as a pixel of an image (its bytes are r, g, b, opacity).
  function pixelOf(colour, opaque) {
    const parts = colour[0] === "#"
      ? [1, 3, 5].map(function (at) { return parseInt(colour.slice(at, at + 2), 16); })
      : colour.match(/\d+/g).map(Number);
    return new Uint32Array(new Uint8Array([parts[0], parts[1], parts[2], Math.round(255 * opaque)]).buffer)[0];
  }

  function ramp(share) {
    const at = share * (RAMP.length - 1), i = Math.min(RAMP.length - 2, Math.floor(at));
    return "rgb(" + RAMP[i].map(function (low, k) { return Math.round(low + (RAMP[i + 1][k] - low) * (at - i)); }) + ")";
  }
})();
