/** Schemas of the parts of OpenAPI that a contract is read from. */
import * as Schema from "effect/Schema"
import { ScenariosObject } from "../Scenario.ts"

const ExampleObject = Schema.Struct({
  summary: Schema.optionalKey(Schema.String),
  value: Schema.optionalKey(Schema.Unknown),
  "x-sent-headers": Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
})

const ContentObject = Schema.Record(
  Schema.String,
  Schema.Struct({
    schema: Schema.optionalKey(Schema.Unknown),
    examples: Schema.optionalKey(Schema.Record(Schema.String, ExampleObject)),
  }),
)

const ResponseObject = Schema.Struct({
  headers: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Struct({ required: Schema.optionalKey(Schema.Boolean) })),
  ),
  content: Schema.optionalKey(ContentObject),
  "x-sent-empty-body": Schema.optionalKey(Schema.Boolean),
})

const SecurityRequirements = Schema.Array(Schema.Record(Schema.String, Schema.Array(Schema.String)))

const OperationObject = Schema.Struct({
  security: Schema.optionalKey(SecurityRequirements),
  requestBody: Schema.optionalKey(
    Schema.Struct({ required: Schema.optionalKey(Schema.Boolean), content: ContentObject }),
  ),
  responses: Schema.Record(Schema.String, ResponseObject),
  // By the name of the callback, then by the runtime expression of its URL.
  callbacks: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown)),
  ),
  // The name of the webhook whose updates follow an accepted request.
  "x-sent-webhook": Schema.optionalKey(Schema.String),
  "x-sent-scenarios": Schema.optionalKey(ScenariosObject),
})

const ParameterObject = Schema.Struct({
  name: Schema.String,
  in: Schema.String,
  required: Schema.optionalKey(Schema.Boolean),
  schema: Schema.optionalKey(Schema.Unknown),
})

/** The path item of a callback or of a webhook. */
const UpdateObject = Schema.Struct({
  post: Schema.Struct({
    parameters: Schema.optionalKey(Schema.Array(ParameterObject)),
    requestBody: Schema.Struct({ content: ContentObject }),
  }),
})

const SecurityScheme = Schema.Struct({
  type: Schema.String,
  in: Schema.optionalKey(Schema.String),
  name: Schema.optionalKey(Schema.String),
  "x-sent-pattern": Schema.optionalKey(Schema.String),
})

export const methods = [
  "get",
  "put",
  "post",
  "delete",
  "options",
  "head",
  "patch",
  "trace",
] as const

const Document = Schema.Struct({
  info: Schema.Struct({ title: Schema.String, version: Schema.String }),
  security: Schema.optionalKey(SecurityRequirements),
  // Each operation is decoded on its own: one that is not usable does not cost the others.
  paths: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown)),
  ),
  webhooks: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  components: Schema.optionalKey(
    Schema.Struct({
      securitySchemes: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
    }),
  ),
})

export type Document = typeof Document.Type
export type OperationObject = typeof OperationObject.Type
export type ContentObject = typeof ContentObject.Type

export const decodeDocument = Schema.decodeUnknownResult(Document)

export const decodeOperation = Schema.decodeUnknownResult(OperationObject)

/** Decodes a security scheme. None when it is malformed. */
export const decodeScheme = Schema.decodeUnknownOption(SecurityScheme)

/** Decodes a callback or a webhook. None unless it is a POST with a body. */
export const decodeUpdate = Schema.decodeUnknownOption(UpdateObject)
