/** Rules for defaults: what a message means that leaves a value out. */
import {
  at,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  resolve,
} from "../document/json.ts"
import { isReadByService, type Rule, type Seen } from "./verdict.ts"

/** Nothing tells that a default has changed: the same message means something else. */
export const anotherDefault: Rule = ({ base, property, revision, typeName }) => {
  if (property !== "default" || !(typeName === "Schema" || typeName === "ServerVariable")) {
    return undefined
  }
  if (base?.value === undefined) {
    const message = "it says what a message means that leaves the value out"
    return { rule: "default-added", impact: "harmless", message }
  }
  return revision?.value === undefined
    ? {
        rule: "default-removed",
        impact: "breaking",
        message: "a message that leaves the value out may mean something else now",
      }
    : {
        rule: "default-changed",
        impact: "breaking",
        message: "a message that leaves the value out means something else now",
      }
}

/** The service uses the default where a caller does not know the new value. */
export const requiredWithDefault: Rule = (change) => {
  const { direction, verdicts } = change
  const isRequired = verdicts.some(
    ({ ruleId }) =>
      ruleId === "required-properties-added" || ruleId === "parameter-became-required",
  )
  return isReadByService(direction) && isRequired && haveDefaults(change)
    ? {
        rule: "required-with-default",
        impact: "addition",
        message: "callers may leave it out, since it has a default",
      }
    : undefined
}

const haveDefaults = ({ base, kind, next, property, revision, typeName }: Seen): boolean => {
  if (revision === undefined) return false
  const holder = revision.pointer.replace(/\/required$/, "")
  if (typeName === "Schema" && property === "required") {
    const before = isArray(base?.value) ? base.value : []
    const added = isArray(revision.value)
      ? revision.value.filter((name) => !before.includes(name))
      : []
    const properties = objectAt(at(next, holder), "properties")
    return added.every((name) => typeof name === "string" && hasDefault(next, properties[name]))
  }
  if (typeName === "Parameter" && (kind === "added" || property === "required")) {
    return hasParameterDefault(next, at(next, holder))
  }
  if (typeName === "ParameterList" && kind === "added" && isArray(revision.value)) {
    return revision.value.every((one) => {
      const parameter = resolve(next, one)
      const isOptional = isObject(parameter) && parameter["required"] !== true
      return isOptional || hasParameterDefault(next, parameter)
    })
  }
  return false
}

const hasParameterDefault = (document: JsonObject, parameter: Json | undefined): boolean => {
  const value = resolve(document, parameter)
  return isObject(value) && hasDefault(document, value["schema"])
}

const hasDefault = (document: JsonObject, schema: Json | undefined): boolean => {
  const value = resolve(document, schema)
  return isObject(value) && value["default"] !== undefined
}
