// Draws the plots in the page's own colours, and again when the reader switches light and dark.
(function () {
  "use strict";
  function style(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }
  function draw() {
    var axis = { gridcolor: style("--line"), zerolinecolor: style("--line"), linecolor: style("--line") };
    document.querySelectorAll(".plot").forEach(function (plot) {
      var figure = JSON.parse(plot.querySelector("script").textContent);
      var layout = figure.layout;
      layout.font = { color: style("--soft"), size: 13, family: getComputedStyle(document.body).fontFamily };
      layout.xaxis = Object.assign({}, layout.xaxis, axis);
      layout.yaxis = Object.assign({}, layout.yaxis, axis);
      (layout.shapes || []).forEach(function (shape) { shape.line.color = style("--soft"); });
      figure.data.forEach(function (trace) {
        trace.marker = { color: style("--accent") };
        if (trace.type === "bar") {
          if (trace.error_x) { trace.error_x.color = style("--ink"); }
        } else {
          trace.line.color = style("--accent");
        }
      });
      var target = plot.querySelector(".drawn");
      if (!target) {
        target = document.createElement("div");
        target.className = "drawn";
        plot.appendChild(target);
      }
      Plotly.react(target, figure.data, layout, { displayModeBar: false, responsive: true });
    });
  }
  draw();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
