"use strict";
const search = document.getElementById("search");
const shown = document.getElementById("shown");
const customers = [...document.querySelectorAll(".customer")];
const jobs = [...document.querySelectorAll("button[data-job]")];

function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const customer of customers) {
    const found = words.every((word) => customer.dataset.words.includes(word));
    customer.hidden = !found;
    count += found;
  }
  shown.textContent = `${count} of ${customers.length}`;
  document.getElementById("nobody").hidden = count > 0 || customers.length === 0;
  for (const job of jobs) job.setAttribute("aria-pressed", String(words.length === 1 && words[0] === job.dataset.job));
}

search.addEventListener("input", find);
for (const job of jobs) {
  job.addEventListener("click", () => {
    search.value = search.value === job.dataset.job ? "" : job.dataset.job;
    find();
  });
}
document.addEventListener("click", (event) => {
  const dot = event.target.closest("[data-event]");
  if (!dot) return;
  event.preventDefault();
  const customer = dot.closest(".customer");
  customer.open = true;
  const line = customer.querySelector("ol").children[Number(dot.dataset.event)];
  for (const old of document.querySelectorAll("li.here")) old.classList.remove("here");
  line.classList.add("here");
  line.scrollIntoView({ block: "nearest", behavior: "smooth" });
});
