// Draws the OpenAPI document of this host; nothing comes from anywhere else.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const spec = await (await fetch("/api/v1/openapi.json")).json();
const groups = new Map(spec["x-tagGroups"].map(({ name, tags }) => [tags[0], name]));

const at = (root, steps) => steps.reduce((node, step) => node?.[step], root);
const target = (root, { $ref }) => ($ref ? at(root, $ref.split("/").slice(1)) : {});

// Every error has the same shape, which the guide tells; its codes lead there.
const error = (response) => {
  const { description } = { ...target(spec, response), ...response };
  return { description: description.replace(/`\w+`/g, "[$&](/docs/guides/errors#what-to-do)") };
};

// What is drawn is less than what the document says: swagger-ui works through all that an operation leads to.
const drawn = (node, name) => {
  if (!(node instanceof Object)) return node;
  if (Array.isArray(node)) return node.map((inner) => drawn(inner));
  if (/^[45]\d\d$/.test(name)) return error(node);
  // Embedded rows embed rows in turn.
  if (/^With `expand=/.test(node.description)) return { description: node.description };
  const { example, examples, ...rest } = node;
  // "Try it out" fills examples in; in an optional filter or header that would narrow the answer unasked.
  const kept = node.in && !node.required ? rest : node;
  return Object.fromEntries(Object.entries(kept).map(([key, inner]) => [key, drawn(inner, key)]));
};

// Every `$ref` followed. It leads into the document; what embeds left out, it leads nowhere in a circle.
const resolved = (node, root) => {
  if (!(node instanceof Object)) return node;
  if (Array.isArray(node)) return node.map((inner) => resolved(inner, root));
  const { $ref, ...rest } = node;
  const inner = Object.entries(rest).map(([key, value]) => [key, resolved(value, root)]);
  return { ...($ref && resolved(target(root, node), root)), ...Object.fromEntries(inner) };
};

const ours = {
  fn: {
    // swagger-ui's own way is to go through the whole document for each operation.
    resolveSubtree: async (root, path) => ({ spec: resolved(at(root, path), root), errors: [] }),
    // By the name of a tag, or by an operation's id, path or summary.
    opsFilter: (tags, phrase) => {
      const fits = (text) => text?.toLowerCase().includes(phrase.toLowerCase());
      const found = (operation) =>
        ["operationId", "summary"].some((name) => fits(operation.getIn(["operation", name]))) ||
        fits(operation.get("path"));
      return tags
        .map((tag, name) => (fits(name) ? tag : tag.update("operations", (all) => all.filter(found))))
        .filter((tag) => tag.get("operations").size);
    },
  },
  statePlugins: {
    spec: {
      wrapActions: {
        // It is JSON; read as YAML, as swagger-ui does, it takes seconds.
        parseToJson: (_, { specActions }) => (text) => specActions.updateJsonSpec(JSON.parse(text)),
      },
    },
  },
  wrapComponents: {
    // The first tag of a group comes with the group's name; what a filter has found is unfolded.
    OperationTag: (Tag, { React }) => (props) => {
      const filtering = typeof props.layoutSelectors.currentFilter() === "string";
      const layoutSelectors = { ...props.layoutSelectors, isShown: () => true };
      return React.createElement(
        React.Fragment,
        null,
        groups.has(props.tag) &&
          React.createElement("h2", { className: "tag-group" }, groups.get(props.tag)),
        React.createElement(Tag, filtering ? { ...props, layoutSelectors } : props),
      );
    },
  },
};

const ui = SwaggerUIBundle({
  dom_id: "#reference",
  spec: drawn(spec),
  plugins: [ours],
  validatorUrl: null,
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  filter: true,
  persistAuthorization: false,
  // Who signs in by trying it out is signed in for the other calls too.
  responseInterceptor: (response) => {
    const token = response.ok && response.body?.access_token;
    if (token) ui.preauthorizeApiKey("bearer", token);
    return response;
  },
});
