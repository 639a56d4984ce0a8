type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// A member is always an own property: assigning to `__proto__` would set the prototype in its place.
function put(object: JsonObject, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

/**
 * JSON Merge Patch (RFC 7396) on parsed JSON: answers the result and changes neither argument, though the result shares what
 * the patch left alone. Of any depth without recursion; inherited members such as `constructor` are absent, not values.
 */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  const pending: [JsonObject, JsonObject][] = [[result, patch]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [object, changes] = next;
    for (const [name, change] of Object.entries(changes)) {
      if (change === null) delete object[name];
      else if (isObject(change)) {
        const before = Object.hasOwn(object, name) ? object[name] : undefined;
        const after = isObject(before) ? { ...before } : {};
        put(object, name, after);
        pending.push([after, change]);
      } else put(object, name, change);
    }
  }
  return result;
}
