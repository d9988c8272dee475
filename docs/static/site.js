// Gives each cell the name of its column, which a phone shows above it.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll(".table-wrapper table")) {
    const columns = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    table.classList.toggle("pairs", columns.length < 3); // a name and what it is need no labels
    for (const row of table.querySelectorAll("tbody tr")) {
      [...row.cells].forEach((cell, place) => { cell.dataset.column = cell.textContent.trim() ? columns[place] : ""; });
    }
  }
});
