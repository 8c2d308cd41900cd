// What a dashboard of deploy/grafana may be: Grafana's own schema, with the options of each kind of panel.
//
// The schema writes choices as enums, to which TypeScript assigns no text. `Plain` is the same type with their texts.
// What a panel does not state is Grafana's default, so options may be given in part.

import type { Dashboard, DataQuery, FieldConfigSource, GraphFieldConfig, Panel, RowPanel, TableFieldOptions } from '@grafana/schema';
import type { Options as Heatmap } from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type {
  FieldConfig as StateTimelineField,
  Options as StateTimeline,
} from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type { Options as Table } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type { Options as TimeSeries } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

type Plain<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends number | boolean | null | undefined
      ? T
      : { [Key in keyof T]: Plain<T[Key]> };

type InPart<T> = T extends (infer Item)[] ? Item[] : T extends object ? { [Key in keyof T]?: InPart<T[Key]> } : T;

interface PrometheusQuery extends DataQuery {
  expr: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  legendFormat?: string;
  range?: boolean;
}

interface Shown<Kind extends string, Options, Custom>
  extends Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: Kind;
  options: InPart<Options>;
  fieldConfig: Omit<FieldConfigSource, 'defaults'> & {
    defaults: Omit<FieldConfigSource['defaults'], 'custom'> & { custom?: InPart<Custom> };
  };
  targets: PrometheusQuery[];
}

type AnyPanel =
  | RowPanel
  | Shown<'heatmap', Heatmap, Record<string, never>>
  | Shown<'stat', Stat, Record<string, never>>
  | Shown<'state-timeline', StateTimeline, StateTimelineField>
  | Shown<'table', Table, TableFieldOptions>
  | Shown<'timeseries', TimeSeries, GraphFieldConfig>;

export type Checked = Plain<Omit<Dashboard, 'panels'> & { panels: AnyPanel[] }>;
