document.title = "Local Discord";
// relative times go on between two states of the page
const units = [["second", 1, 60], ["minute", 60, 3600], ["hour", 3600, 86400],
  ["day", 86400, 604800], ["week", 604800, Infinity]];
const relative = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });
const looksRelative = /(^in | ago$|^now$|^yesterday$|^tomorrow$|^last week$|^next week$)/;
setInterval(() => {
  for (const time of document.querySelectorAll("time.discord-timestamp")) {
    if (!looksRelative.test(time.textContent)) continue;
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    const [unit, size] = units.find(([, , below]) => Math.abs(seconds) < below);
    const text = relative.format(Math.round(seconds / size), unit);
    if (text !== time.textContent) time.textContent = text;
  }
}, 1000);
// the newest message stays in sight, whatever grows above it, until somebody scrolls up
const column = document.getElementById("channel-timeline");
let follows = true, touched = -Infinity;
const follow = () => { if (follows) column.scrollTop = column.scrollHeight; };
setInterval(follow, 250);
const grown = new ResizeObserver(() => requestAnimationFrame(follow));
grown.observe(document.getElementById("channel-message-list"));
grown.observe(column);
for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"])
  column.addEventListener(kind, () => { touched = performance.now(); }, { passive: true });
column.addEventListener("scroll", () => {
  if (performance.now() - touched < 1500)
    follows = column.scrollHeight - column.scrollTop - column.clientHeight < 48;
}, { passive: true });
const catchUp = () => { follows = true; follow(); };
document.getElementById("viewer-picker").addEventListener("change", catchUp);
document.getElementById("channel-composer").addEventListener("click", (event) => {
  if (event.target.closest("button[type=submit]")) catchUp();
}, true);
document.getElementById("channel-composer").addEventListener("keydown", (event) => {
  if (event.key === "Enter") catchUp();
}, true);
// channels, beside the viewer
const placeControl = document.createElement("label");
placeControl.className = "viewer-control";
placeControl.id = "place-control";
placeControl.textContent = "in ";
const placePicker = document.createElement("select");
placePicker.id = "place-picker";
placePicker.setAttribute("aria-label", "Channel");
placeControl.append(placePicker);
document.querySelector(".viewer-control").after(placeControl);
let placesShown = "";
setInterval(() => {
  const places = state.snapshot?.places || [];
  const now = JSON.stringify(places);
  if (now === placesShown) return;
  placesShown = now;
  placePicker.replaceChildren(...places.map(({ id, name, here }) =>
    new Option(`#${name}`, id, here, here)));
  placeControl.hidden = places.length < 2;
}, 100);
placePicker.addEventListener("change", () =>
  dispatch("viewer", { viewer_id: `${ui.viewer.value}@${placePicker.value}` }));
placePicker.addEventListener("change", catchUp);
// the apps' entries in the menu of a message and of whoever it comes from
let appsMenu = null;
const closeApps = () => { appsMenu?.remove(); appsMenu = null; };
function openApps(article, x, y) {
  closeApps();
  const id = article.dataset.messageId;
  const message = state.snapshot?.messages?.[id];
  const entries = state.snapshot?.menus;
  if (!message || !entries) return;
  const from = message.interaction_header?.user || message.author;
  const menu = document.createElement("div");
  menu.className = "apps-menu";
  menu.setAttribute("role", "menu");
  const add = (title, whose, names) => {
    if (!names.length) return;
    menu.append(Object.assign(document.createElement("p"), { textContent: title }));
    for (const name of names) {
      const button = Object.assign(document.createElement("button"), { textContent: name });
      button.type = "button";
      button.setAttribute("role", "menuitem");
      button.addEventListener("click", () => {
        closeApps();
        dispatch("click", { control_key: `message:${id}:component:menu:${whose}:${name}` });
      });
      menu.append(button);
    }
  };
  add("This message › Apps", "message", message.ephemeral ? [] : entries.message);
  if (from?.kind !== "application" && from?.name)
    add(`@${from.name} › Apps`, from.id, entries.member);
  if (!menu.childNodes.length) return;
  document.body.append(menu);
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(x, innerWidth - width - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(y, innerHeight - height - 4))}px`;
  menu.querySelector("button").focus();
  appsMenu = menu;
}
ui.messageList.addEventListener("contextmenu", (event) => {
  const article = event.target.closest(".channel-message");
  if (!article) return;
  event.preventDefault();
  openApps(article, event.clientX, event.clientY);
});
document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest(".apps-menu, .apps-opener")) closeApps();
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeApps(); });
setInterval(() => {
  for (const article of ui.messageList.querySelectorAll(".channel-message")) {
    if (article.querySelector(".apps-opener")) continue;
    let bar = article.querySelector(":scope > .message-context-actions");
    if (!bar) {
      bar = document.createElement("div");
      bar.className = "message-context-actions";
      article.append(bar);
    }
    const opener = Object.assign(document.createElement("button"), { textContent: "⋯" });
    opener.type = "button";
    opener.className = "message-action-button apps-opener";
    opener.setAttribute("aria-label", "Apps");
    opener.addEventListener("click", (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      openApps(article, box.right - 190, box.bottom);
    });
    bar.append(opener);
  }
}, 250);
// what went well needs no words
const said = document.getElementById("action-status");
const wrong = /not |uncertain|interrupted|ended|unavailable|closed/;
const hush = () => said.classList.toggle("quiet", !wrong.test(said.textContent));
new MutationObserver(hush).observe(said, { childList: true, characterData: true, subtree: true });
hush();
