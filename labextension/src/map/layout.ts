/** Where the map's nodes stand, and the curves between them; in pixels. */

import type { IFlow, IGraph } from './graph';

export interface ILayout {
  readonly width: number;
  readonly height: number;
  readonly pitch: number;
  readonly perRow: number;
  readonly radius: number;
  readonly rows: number;
  /** Each how-manieth node has its number below it; 0 where only rows are numbered. */
  readonly every: number;
  at(place: number): readonly [number, number];
}

interface IDensity {
  readonly pitch: number;
  readonly radius: number;
  readonly every: number;
}

/** From crowded to roomy; the zoom goes from one to the next. */
const DENSITIES: readonly IDensity[] = [
  { pitch: 11, radius: 4.2, every: 0 },
  { pitch: 15, radius: 5, every: 5 },
  { pitch: 25, radius: 6.5, every: 1 },
  { pitch: 40, radius: 8, every: 1 }
];
export const MOST_ZOOM = DENSITIES.length - 1;
const LEAST_PITCH = 13;
const MOST_PITCH = 34;
/** More rows than this are drawn closer together. */
const MOST_ROWS = 12;
const MARGIN = 14;
/** Room for the number of a row's first node, to its left. */
const GUTTER = 26;
const BETWEEN_ROWS = 16;
const NUMBERS = 13;

/** The zoom that comes nearest to how the nodes are drawn while nobody has zoomed. */
export function fittingZoom(count: number, width: number): number {
  if (count <= placesIn(width, LEAST_PITCH)) {
    return spread(count, width).pitch < 20 ? 1 : 2;
  }
  return rowsFor(count, width, densityAt(1)) <= MOST_ROWS ? 1 : 0;
}

/** Where nobody has zoomed (null), a few nodes take the whole width, and many as much room as they need. */
export function layoutOf({ nodes, flows }: IGraph, width: number, zoom: number | null): ILayout {
  const density = densityFor(nodes.length, width, zoom);
  const { pitch, radius, every } = density;
  const rows = rowsFor(nodes.length, width, density);
  const perRow = Math.max(1, Math.ceil(nodes.length / rows));
  const left = MARGIN + (rows > 1 ? GUTTER : 0);
  const inRow = flows.filter(flow => isInRow(flow, perRow));
  const highest = Math.max(0, ...inRow.map(flow => rise(flow, rows)));
  const top = Math.round(highest + radius + 8);
  const below = radius + (every > 0 ? NUMBERS : 4);
  const row = 2 * radius + (every > 0 ? NUMBERS : 0) + BETWEEN_ROWS;
  // One row stands in the middle.
  const shift = rows > 1 ? 0 : Math.max(0, (width - 2 * left - (perRow - 1) * pitch) / 2);
  return {
    width,
    height: top + (rows - 1) * row + below + 4,
    pitch,
    perRow,
    radius,
    rows,
    every,
    at: place => [left + shift + (place % perRow) * pitch, top + Math.floor(place / perRow) * row]
  };
}

export function isInRow(
  { writer, reader }: Pick<IFlow, 'writer' | 'reader'>,
  perRow: number
): boolean {
  return Math.floor(writer / perRow) === Math.floor(reader / perRow);
}

/** The curve of a flow: above its row, or from the foot of one node to the head of another. */
export function curve(flow: IFlow, layout: ILayout): string {
  const { radius } = layout;
  const lean = (flow.writer < flow.reader ? 1 : -1) * radius * 0.45;
  const [x1, y1] = layout.at(flow.writer);
  const [x2, y2] = layout.at(flow.reader);
  const [from, to] = [x1 + lean, x2 - lean];
  if (isInRow(flow, layout.perRow)) {
    const foot = y1 - radius - 1.5;
    const above = foot - rise(flow, layout.rows) / 0.75;
    return `M${n(from)} ${n(foot)}C${n(from)} ${n(above)} ${n(to)} ${n(above)} ${n(to)} ${n(foot)}`;
  }
  const down = y2 > y1 ? 1 : -1;
  const start = y1 + down * (radius + 1.5);
  const end = y2 - down * (radius + 1.5);
  const bend = Math.max(10, Math.abs(end - start) * 0.4) * down;
  return `M${n(from)} ${n(start)}C${n(from)} ${n(start + bend)} ${n(to)} ${n(end - bend)} ${n(to)} ${n(end)}`;
}

/** The curve of a run that went back up the page: below its row, or straight where it is another's. */
export function jumpCurve(from: number, to: number, layout: ILayout): string {
  const [x1, y1] = layout.at(from);
  const [x2, y2] = layout.at(to);
  const foot = layout.radius + 2;
  if (!isInRow({ writer: from, reader: to }, layout.perRow)) {
    return `M${n(x1)} ${n(y1 - foot)}L${n(x2)} ${n(y2 + foot)}`;
  }
  const deep = y1 + foot + 12;
  return `M${n(x1)} ${n(y1 + foot)}C${n(x1)} ${n(deep)} ${n(x2)} ${n(deep)} ${n(x2)} ${n(y2 + foot)}`;
}

function rise({ writer, reader }: IFlow, rows: number): number {
  const span = Math.abs(reader - writer);
  return rows > 1 ? Math.min(4 + 2.5 * Math.sqrt(span), BETWEEN_ROWS - 2) : 5 + 9 * span ** 0.6;
}

function densityFor(count: number, width: number, zoom: number | null): IDensity {
  if (zoom === null && count <= placesIn(width, LEAST_PITCH)) {
    return spread(count, width);
  }
  return densityAt(zoom ?? fittingZoom(count, width));
}

/** One row from edge to edge, unless the nodes are too few for that. */
function spread(count: number, width: number): IDensity {
  const pitch = Math.min(MOST_PITCH, (width - 2 * MARGIN) / Math.max(1, count - 1));
  return { pitch, radius: Math.min(6.5, pitch * 0.33), every: pitch < 17 ? 5 : 1 };
}

function rowsFor(count: number, width: number, { pitch }: IDensity): number {
  return count <= placesIn(width, pitch) ? 1 : Math.ceil(count / placesIn(width - GUTTER, pitch));
}

function placesIn(width: number, pitch: number): number {
  return Math.max(1, Math.floor((width - 2 * MARGIN) / pitch + 1e-6) + 1);
}

function densityAt(zoom: number): IDensity {
  return DENSITIES[zoom] ?? { pitch: 25, radius: 6.5, every: 1 };
}

function n(coordinate: number): string {
  return String(Math.round(coordinate * 10) / 10);
}
