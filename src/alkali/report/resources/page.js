// One box that shows the data-note of whatever is under the pointer (or was tapped).
(function () {
  "use strict";
  const note = document.getElementById("note");
  function show(event) {
    const target = event.target.closest ? event.target.closest("[data-note]") : null;
    if (!target) { note.hidden = true; return; }
    note.textContent = target.getAttribute("data-note");
    note.hidden = false;
    const box = note.getBoundingClientRect(), room = 14;
    const x = event.clientX + room + box.width > window.innerWidth ? event.clientX - room - box.width : event.clientX + room;
    const y = event.clientY + room + box.height > window.innerHeight ? event.clientY - room - box.height : event.clientY + room;
    note.style.left = Math.max(4, x) + "px";
    note.style.top = Math.max(4, y) + "px";
  }
  document.addEventListener("mousemove", show);
  document.addEventListener("click", show);
  document.addEventListener("mouseleave", function () { note.hidden = true; });
  document.addEventListener("scroll", function () { note.hidden = true; }, true);
})();
// Tables that are wider than the page say so, and how many columns are out of sight.
(function () {
  "use strict";
  function look(box) {
    const hint = box.previousElementSibling, rows = box.querySelectorAll("thead tr"), edge = box.getBoundingClientRect().right;
    const wide = box.scrollWidth > box.clientWidth + 1, rest = box.scrollWidth - box.clientWidth - box.scrollLeft > 1;
    box.classList.toggle("wide", wide);
    box.classList.toggle("more", rest);
    if (!hint || !hint.classList.contains("hint")) return;
    hint.hidden = !wide;
    const hidden = rows.length === 0 ? 0 : Array.from(rows[rows.length - 1].cells).filter(function (cell) { return cell.getBoundingClientRect().right > edge + 1; }).length;
    hint.textContent = hidden === 0 ? "\u2190 scroll back" : "scroll the table: " + hidden + (hidden === 1 ? " more column" : " more columns") + " to the right \u2192";
  }
  function all() { document.querySelectorAll(".scroll").forEach(look); }
  document.addEventListener("scroll", function (event) { if (event.target.classList && event.target.classList.contains("scroll")) look(event.target); }, true);
  document.addEventListener("change", all);
  window.addEventListener("resize", all);
  all();
})();
