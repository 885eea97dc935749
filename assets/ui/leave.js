// The browser asks before the page is left or loaded again while something goes on that would be lost. A training would not.

addEventListener("beforeunload", (event) => {
  const stops = [...document.querySelectorAll("button[id$='-stop']:not(#train-stop)")];
  if (stops.some((stop) => getComputedStyle(stop).display !== "none")) event.preventDefault();
});
