// What a frontend does, by the generated types alone: nothing here is cast.
import createClient from "openapi-fetch";
import type { Goal, GoalInput, paths } from "./lamppu.ts";

declare const process: { env: Record<string, string> };
declare const console: { log(text: string): void };

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const { LAMPPU = "", EMAIL = "", PASSWORD = "" } = process.env;
const api = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: LAMPPU });

// sign in
const refused = await api.POST("/api/v1/auth/login", { body: { email: EMAIL, password: "not this one" } });
check(refused.error?.code === "wrong_credentials", "a wrong password is told by its code");
const { data: signIn } = await api.POST("/api/v1/auth/login", { body: { email: EMAIL, password: PASSWORD } });
check(signIn !== undefined, "signed in");
api.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${signIn.access_token}`);
  },
});
const { data: me } = await api.GET("/api/v1/auth/me");
check(me?.role === "manager" && me.kind === "user", "who I am");
const right = me.permissions.find((one) => one.resource === "goals");
check(right?.actions.includes("delete") ?? false, "what I may do");

// list, page by page
const goals: Goal[] = [];
let cursor: string | null = null;
do {
  const query: { limit: number; cursor?: string } = cursor === null ? { limit: 2 } : { limit: 2, cursor };
  const { data, response } = await api.GET("/api/v1/goals", { params: { query } });
  check(data !== undefined, "a page");
  check((data.next === null) === (response.headers.get("Link") === null), "Link says the same as next");
  goals.push(...data.items);
  cursor = data.next;
} while (cursor !== null);
check(goals.length === 6 && new Set(goals.map((goal) => goal.id)).size === 6, "each goal once");

// some fields only, of rows that match, in an order, and how many there are: of another type
const sparse = createClient<paths, "application/vnd.lamppu.sparse+json" | "application/problem+json">({
  baseUrl: LAMPPU,
  headers: { Authorization: `Bearer ${signIn.access_token}` },
});
const few = await sparse.GET("/api/v1/goals", {
  params: { query: { q: "laatu", sort: "-position", fields: ["position", "text"], count: true } },
});
check(few.data !== undefined && few.data.items.length === few.data.total, "counted");
check(Object.keys(few.data.items[0] ?? {}).sort().join() === "id,position,text", "two fields and the id");

// whole rows with what they refer to
const embedded = await api.GET("/api/v1/goals", { params: { query: { expand: ["sub_project", "results"] } } });
check(embedded.data !== undefined, "embedded");
for (const goal of embedded.data.items) {
  check(goal.sub_project?.id === goal.sub_project_id, "the row that it refers to");
  check(goal.results?.every((result) => result.goal_id === goal.id) ?? false, "the rows that belong to it");
}

// what has not changed
const again = await api.GET("/api/v1/goals", {
  params: { header: { "If-None-Match": embedded.response.headers.get("ETag") ?? "" }, query: { expand: ["sub_project", "results"] } },
});
check(again.response.status === 304 && again.data === undefined && String(again.error) === "", "304");

// create
const sub_project_id = goals[0]?.sub_project_id ?? "";
const body: GoalInput = { sub_project_id, text: "Every team hears its students." };
const made = await api.POST("/api/v1/goals", { body });
check(made.response.status === 201 && made.data !== undefined, "made");
const etag = made.response.headers.get("ETag") ?? "";
check(etag === `"${made.data.version}"`, "the ETag is the version");

// change it, with its version
const path = { id: made.data.id };
const change = (version: string, text: string) =>
  api.PATCH("/api/v1/goals/{id}", {
    params: { path, header: { "If-Match": version } },
    headers: { "Content-Type": "application/merge-patch+json" },
    body: { text },
  });
const changed = await change(etag, "Every team hears its students, and answers them.");
check(changed.data?.version === 2, "changed");

// somebody was faster: what this problem tells beside is typed
const conflict = await change(etag, "Too late.");
check(conflict.error?.code === "stale" && "differences" in conflict.error, "stale");
const difference = conflict.error.differences?.[0];
check(conflict.error.current_version === 2, "the version there is now");
check(difference?.pointer === "/text" && difference.sent === "Too late.", "what was sent");
check(difference.current === changed.data.text, "what there is now");

// what is not valid says where
const invalid = await api.POST("/api/v1/goals", { body: { sub_project_id, text: "" } });
check(invalid.error?.code === "invalid", "invalid");
check(invalid.error.errors?.[0]?.pointer === "/text", "the place");

const missing = await api.GET("/api/v1/goals/{id}", { params: { path: { id: sub_project_id } } });
check(missing.error?.code === "not_found", "not found");

const gone = await api.DELETE("/api/v1/goals/{id}", { params: { path, header: { "If-Match": '"2"' } } });
check(gone.response.status === 204, "deleted");
console.log("done");
