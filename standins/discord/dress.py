"""What is added to the style and the script of SimCord's page, so that it looks like a chat.

SimCord's page is a tool for authors of tests; here people look at it. Nothing in this may change
what the bot sees.
"""

PLAINER = """
/* tools of SimCord's authors, of no use to somebody who tries a bot */
#refresh, #capture-open, .session-menu, .advanced-search { display: none !important; }
#view-action-output, #inspector-toggle { display: none !important; }
/* a list of messages beside the messages, which shows them without their marks */
#messages-sidebar, #messages-toggle, #drawer-scrim { display: none !important; }
.preview-brand > * { display: none !important; }
.preview-brand::before { content: "Local Discord"; font-weight: 700; white-space: nowrap; }
.viewer-control { margin-left: auto; }
.viewer-control select { max-width: 10rem !important; }
/* only what went wrong is worth a line, and it must not move what stands below */
#action-status {
  position: fixed; z-index: 300; top: 58px; right: 16px; height: auto !important;
  padding: 4px 10px; color: #fff; background: #8f2028; border-radius: 6px;
}
#action-status.quiet { display: none !important; }
@media (max-width: 760px) {
  .preview-shell { --toolbar-height: 48px; }
  /* a long command's name goes before how many options it has */
  .command-optional-count { display: none !important; }
}
/* as Discord shows a time */
.discord-timestamp { padding: 0 2px; color: inherit; background: #ffffff14; border-radius: 3px; }
#channel-message-list { padding-bottom: 16px; }
.component-gallery { margin-top: 6px !important; }
/* a picture on its way is an empty frame, not a broken one */
.media-lightbox-trigger:disabled { width: 100%; background: #2b2d31; border-radius: 8px; }
.media-lightbox-trigger:disabled .gallery-image { min-height: 160px; visibility: hidden; }
/* what is typed into an option stays readable */
.command-pill { max-width: 100% !important; }
.command-option-input {
  width: auto !important; min-width: 4ch !important; max-width: min(60vw, 560px) !important;
  field-sizing: content;
}
.channel-composer, .channel-composer * { min-width: 0; }
.command-context > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
/* pictures one below the other have room to be shown whole */
/* as Discord does: room between the texts of a card, no advice below a menu with one choice */
.component-container > .text-display + .text-display { margin-top: 8px; }
.code-block code { font-size: 14px; line-height: 18px; }
.modal-root .select-guidance { display: none; }
/* the menus of messages and members, and the channels, which SimCord's page does not have */
#place-control[hidden] { display: none; }
#place-control { margin-left: 8px; }
.apps-opener { cursor: pointer; border: 0; font-size: 18px; }
@media (hover: none) { .message-context-actions { opacity: 0.8; } }
.apps-menu {
  position: fixed; z-index: 250; min-width: 180px; max-width: 80vw; padding: 6px;
  color: #dbdee1; background: #111214; border-radius: 6px; box-shadow: 0 8px 24px #000a;
}
.apps-menu p { margin: 6px 8px 2px; color: #949ba4; font-size: 12px; }
.apps-menu button {
  display: block; width: 100%; min-height: 36px; padding: 4px 8px; color: inherit; font: inherit;
  text-align: left; background: none; border: 0; border-radius: 4px; cursor: pointer;
}
.apps-menu button:hover, .apps-menu button:focus { color: #fff; background: #4752c4; }
@container preview (max-width: 480px) {
  .component-gallery .gallery-image { aspect-ratio: auto !important; }
}
"""

LIVELIER = """
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
"""
