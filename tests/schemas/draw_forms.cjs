// Draws forms with react-jsonschema-form, and judges bodies as a browser would: {draw, judge} in, {html, verdicts} out.
const fs = require("fs");
const path = require("path");
const load = (name) => require(require.resolve(name, { paths: [process.cwd()] }));
const { createElement } = load("react");
const { renderToStaticMarkup } = load("react-dom/server");
const { default: Form } = load("@rjsf/core");
const { customizeValidator } = load("@rjsf/validator-ajv8");
const { default: Ajv } = load("ajv/dist/2020");
const { default: addFormats } = load("ajv-formats");

const asked = JSON.parse(fs.readFileSync(path.join(process.cwd(), "asked.json"), "utf8"));
const validator = customizeValidator({ AjvClass: Ajv });
const html = asked.draw.map(([schema, formData]) =>
  renderToStaticMarkup(createElement(Form, { schema, formData, validator })),
);
const verdicts = asked.judge.map(([schema, bodies]) => {
  const check = addFormats(new Ajv({ strict: false })).compile(schema);
  return bodies.map((body) => check(body));
});
fs.writeFileSync(path.join(process.cwd(), "told.json"), JSON.stringify({ html, verdicts }));
