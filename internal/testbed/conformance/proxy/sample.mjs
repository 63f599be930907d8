// SPDX-License-Identifier: MIT

// sample returns a value that a JSON Schema allows: the default where it has one.
export function sample(schema) {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case "object":
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, property]) => [name, sample(property)]));
    case "array":
      return [];
    case "string":
      return "text";
    case "integer":
    case "number":
      return 5;
    case "boolean":
      return true;
    default:
      return null;
  }
}
