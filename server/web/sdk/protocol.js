/**
 * The protocol's messages and the SDK's values, as types alone: docs/protocol.md says what they mean.
 *
 * @typedef {[name: string, type: string, low?: number | null, high?: number | null]} FieldRow
 * @typedef {[name: string, fields: FieldRow[]]} KindRow
 * @typedef {{
 *   game: string, kinds: KindRow[], commands: KindRow[], events: string[], cell_size: number,
 *   bounds: [left: number, top: number, right: number, bottom: number],
 * }} WireSchema
 *
 * @typedef {{
 *   type: "welcome", session: string, secret: string, avatar: number, world: string, node: string, schema: WireSchema,
 *   epoch: string, version: number, clock_ms: number, flush_hz: number, acknowledged?: number,
 * }} Welcome
 *
 * @typedef {[id: number, kind: number, values: unknown[]]} EntityRow
 * @typedef {[id: number, mask: number, values: unknown[]]} PatchRow
 * @typedef {[
 *   cell: number, puts: EntityRow[], patches: PatchRow[], gone: number[], moved: number[], digest?: number | null,
 * ]} CellRow
 * @typedef {{ type: "cells", version: number, entered: [cell: number, entities: EntityRow[]][], left: number[] }} Cells
 * @typedef {{ type: "delta", version: number, cells: CellRow[] }} Delta
 * @typedef {{ type: "reset", epoch: string, version: number, reason?: string, keep?: boolean }} Reset
 * @typedef {[seq: number, version: number, code?: string, text?: string]} AckRow
 * @typedef {{ type: "done", acks: AckRow[] }} Done
 * @typedef {{ type: "event", version: number, events: [name: string, cell: number, body: any][] }} Events
 * @typedef {{ type: "moving", after_ms: number }} Moving
 * @typedef {{ type: "pong", clock_ms: number, server_ms: number }} Pong
 * @typedef {{ type: "error", code: string, text: string }} Complaint
 * @typedef {Cells | Delta | Reset} StateMessage
 * @typedef {Welcome | StateMessage | Done | Events | Moving | Pong | Complaint} ToClient
 *
 * @typedef {Record<string, unknown>} Args
 * @typedef {{ type: "do", seq: number, command: string, args: Args }} Do
 *
 * @typedef {Record<string, any>} Fields
 * @typedef {{ id: number, kind: string, kindNumber: number, cell: number, fields: Fields }} Entity
 *
 * @typedef {{ seq: number, version: number, code: string, text: string }} Answer
 *   What became of a command. `code` is empty when it took effect, at `version`; else it was refused. Codes of the
 *   SDK's own: `lost` (the session ended before an answer came), `full` (64 commands are unanswered), `offline` (there
 *   is no connection, and the command was not to wait for one), `closed` (there is no session).
 *
 * @typedef {"idle" | "connecting" | "playing" | "waiting" | "closed"} Status
 * @typedef {{ node?: string, delayMs?: number | null, code?: number, reason?: string }} StatusDetail
 */

export {};
