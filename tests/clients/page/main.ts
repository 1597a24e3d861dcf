// A small real page: sign in, list, edit, resolve a conflict, search, renumber, sign out. The session and the calls are the guide's own code.
import { renumber } from "./batch.ts";
import type { Result } from "./lamppu.ts";
import { page, save } from "./results.ts";
import { search, suggest } from "./search.ts";
import { Session } from "./session.ts";

function find<Found extends Element>(selector: string): Found {
  const found = document.querySelector<Found>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
}

const session = new Session(new URLSearchParams(location.search).get("api") ?? "");
const status = find<HTMLElement>("[role=status]");
const signIn = find<HTMLFormElement>("#sign-in");
const main = find<HTMLElement>("main");
const list = find<HTMLUListElement>("#results");
const more = find<HTMLButtonElement>("#more");
const edit = find<HTMLFormElement>("#edit");
const text = find<HTMLTextAreaElement>("#edit textarea");
const conflict = find<HTMLDialogElement>("#conflict");
const mine = find<HTMLButtonElement>("#mine");
const theirs = find<HTMLButtonElement>("#theirs");
const words = find<HTMLFormElement>("#search");
const suggestions = find<HTMLDataListElement>("#suggestions");
const found = find<HTMLOListElement>("#found");
let cursor: string | null = null;
let rows: Result[] = [];
let edited: Result | undefined;

/** What a click or a submit does; what goes wrong is told. */
function on(target: HTMLElement, event: string, action: () => Promise<void>) {
  target.addEventListener(event, (happened) => {
    happened.preventDefault();
    status.textContent = "…";
    action().catch((error: unknown) => (status.textContent = `Failed: ${String(error)}`));
  });
}

function show(result: Result) {
  const id = `result-${result.id}`;
  const item = document.getElementById(id) ?? list.appendChild(document.createElement("li"));
  const button = document.createElement("button");
  button.textContent = "Edit";
  on(button, "click", async () => {
    edited = result;
    text.value = result.text ?? "";
    edit.hidden = false;
    status.textContent = "Editing";
  });
  item.id = id;
  item.replaceChildren(result.text ?? "", " ", button);
}

async function load() {
  const { items, next } = await page(session, 1, cursor ?? undefined);
  items.forEach(show);
  cursor = next;
  more.hidden = cursor === null;
  status.textContent = `Results: ${list.children.length}`;
}

async function searchWords() {
  const q = String(new FormData(words).get("q"));
  const { items, total } = await search(session, q);
  rows = items;
  found.replaceChildren(
    ...items.map(({ period, goal }) => {
      const item = document.createElement("li");
      item.textContent = `${period?.code}: ${goal?.text}`;
      return item;
    }),
  );
  suggestions.replaceChildren(...(await suggest(session, q)).map(({ text }) => new Option(text ?? "")));
  status.textContent = `Found: ${total}`;
}

async function renumberFound() {
  const answer = await renumber(session, rows);
  if ("refused" in answer) throw new Error(answer.refused.code);
  rows = answer.done;
  status.textContent = `Places: ${rows.map(({ position }) => position).join(", ")}`;
}

async function begin() {
  signIn.hidden = true;
  main.hidden = false;
  await load();
}

async function saveText() {
  if (!edited) return;
  const { saved, conflict: stale } = await save(session, edited, text.value);
  if (saved) {
    show(saved);
    edit.hidden = true;
    status.textContent = "Saved";
    return;
  }
  edited = { ...edited, version: stale.current_version ?? edited.version };
  const difference = stale.differences?.[0];
  mine.textContent = `Mine: ${String(difference?.sent)}`;
  theirs.textContent = `Theirs: ${String(difference?.current)}`;
  theirs.value = String(difference?.current);
  conflict.showModal();
  status.textContent = "Conflict";
}

on(signIn, "submit", async () => {
  const given = new FormData(signIn);
  const refused = await session.signIn(String(given.get("email")), String(given.get("password")));
  if (refused) throw new Error(refused.title);
  await begin();
});
on(more, "click", load);
on(edit, "submit", saveText);
on(words, "submit", searchWords);
on(find("#renumber"), "click", renumberFound);
on(mine, "click", async () => {
  conflict.close();
  await saveText();
});
on(theirs, "click", async () => {
  text.value = theirs.value;
  conflict.close();
  await saveText();
});
on(find("#sign-out"), "click", async () => {
  await session.signOut();
  location.reload();
});

if (await session.refresh()) await begin();
else status.textContent = "Sign in";
