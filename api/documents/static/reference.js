// Draws the OpenAPI document of this host; nothing comes from anywhere else.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// "Try it out" fills examples in; in an optional filter or header that would narrow the answer unasked.
const withoutOptionalExamples = (node) => {
  if (node.in && !node.required) {
    delete node.example;
    delete node.examples;
  }
  Object.values(node).forEach((inner) => inner instanceof Object && withoutOptionalExamples(inner));
  return node;
};
const spec = await (await fetch("/api/v1/openapi.json")).json();

const ui = SwaggerUIBundle({
  dom_id: "#reference",
  spec: withoutOptionalExamples(spec),
  validatorUrl: null,
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  filter: true,
  persistAuthorization: false,
  // Who signs in by trying it out is signed in for the other calls too.
  responseInterceptor: (response) => {
    const token = response.ok && response.body?.access_token;
    if (token) ui.preauthorizeApiKey("bearer", token);
    return response;
  },
});
