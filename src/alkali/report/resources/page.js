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
