/** The map of the notebook: what flows from cell to cell, and where it goes astray. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { graphOf } from '../map/graph';
import { fittingZoom, layoutOf, MOST_ZOOM } from '../map/layout';
import { asFile, download } from '../map/picture';
import type { FlowsReply, Page, Report } from '../protocol';
import { Drawing } from './map-drawing';
import { MapTools } from './map-tools';
import { told } from './map-words';

export interface IMapProps {
  readonly trans: TranslationBundle;
  readonly report: Report;
  readonly page: Page;
  readonly flows: FlowsReply | null;
  readonly activeCellId: string | null;
  readonly onReveal: (cellId: string) => void;
  /** Whether anybody looks at it. */
  readonly onWanted: (isWanted: boolean) => void;
}

export const DataflowMap = React.memo(function DataflowMap(props: IMapProps): React.JSX.Element {
  const { trans, onWanted } = props;
  const [isOpen, setOpen] = React.useState(true);
  React.useEffect(() => {
    onWanted(isOpen);
    return () => {
      onWanted(false);
    };
  }, [isOpen]);
  return (
    <section className="jp-Prodkit-map" data-testid="prodkit-map">
      {isOpen ? (
        <OpenMap
          {...props}
          onClose={() => {
            setOpen(false);
          }}
        />
      ) : (
        <h3>
          <Heading trans={trans} isOpen={false} onToggle={setOpen} />
        </h3>
      )}
    </section>
  );
});

function Heading({
  trans,
  isOpen,
  onToggle
}: {
  readonly trans: TranslationBundle;
  readonly isOpen: boolean;
  readonly onToggle: (isOpen: boolean) => void;
}): React.JSX.Element {
  return (
    <button
      className="jp-Prodkit-disclosure"
      aria-expanded={isOpen}
      onClick={() => {
        onToggle(!isOpen);
      }}
    >
      {trans.__('Dataflow')}
    </button>
  );
}

function OpenMap(props: IMapProps & { readonly onClose: () => void }): React.JSX.Element {
  const { trans, report, page, flows, activeCellId } = props;
  const [frame, width] = useWidth();
  const svg = React.useRef<SVGSVGElement>(null);
  const graph = React.useMemo(() => graphOf(report, page, flows), [report, page, flows]);
  const [chosenZoom, setZoom] = React.useState<number | null>(null);
  const [ordered, setOrdered] = React.useState(false);
  const [picked, setPicked] = React.useState<number | null>(null);
  const zoom = chosenZoom ?? fittingZoom(graph.nodes.length, width);
  const layout = React.useMemo(
    () => layoutOf(graph, width, chosenZoom),
    [graph, width, chosenZoom]
  );
  const active = graph.nodes.findIndex(node => node.cellId === activeCellId);
  const shown = picked !== null && picked < graph.nodes.length ? picked : null;
  const onZoom = (by: number): void => {
    setZoom(Math.max(0, Math.min(MOST_ZOOM, zoom + by)));
  };
  return (
    <>
      <h3>
        <Heading trans={trans} isOpen onToggle={props.onClose} />
        <MapTools
          trans={trans}
          zoom={zoom}
          ordered={ordered}
          onOrdered={setOrdered}
          onZoom={onZoom}
          onSave={() => {
            if (svg.current !== null) {
              download(asFile(svg.current), `${nameOf(page.path)}-dataflow.svg`);
            }
          }}
        />
      </h3>
      <div className="jp-Prodkit-map-frame" ref={frame}>
        <Drawing
          {...{ trans, graph, layout, ordered, active, picked: shown, svg }}
          onReveal={props.onReveal}
          onPick={setPicked}
          onZoom={onZoom}
        />
      </div>
      <p className="jp-Prodkit-map-told jp-Prodkit-soft" data-testid="prodkit-map-told">
        {told(trans, graph, shown ?? active)}
      </p>
    </>
  );
}

/** The width of the element that the ref is given to. */
function useWidth(): readonly [React.RefObject<HTMLDivElement>, number] {
  const frame = React.useRef<HTMLDivElement>(null);
  const [width, setWidth] = React.useState(300);
  React.useEffect(() => {
    const element = frame.current;
    if (element === null || typeof ResizeObserver === 'undefined') {
      return undefined;
    }
    const observer = new ResizeObserver(entries => {
      const seen = Math.floor(entries[0]?.contentRect.width ?? 0);
      if (seen > 0) {
        setWidth(seen);
      }
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  return [frame, width];
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.ipynb$/, '');
}
