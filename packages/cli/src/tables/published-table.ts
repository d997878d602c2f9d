/** What a column holds. */
export interface TableColumn {
  readonly key: string;
  readonly title: string;
  /** Default: `percent`. */
  readonly kind?: 'text' | 'number' | 'percent';
}

/** A line of a published table. */
export interface PublishedRow {
  /** In the order of the columns; null where nothing is published. */
  readonly cells: readonly (string | number | null)[];
  /** Name of the publication, if it is not that of the table. */
  readonly source?: string;
  /** Cells that are published in two ways, by the keys of their columns, with the place of the contradiction in their list. */
  readonly marks?: Readonly<Record<string, number>>;
}

/** A table as published. */
export interface PublishedTable {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly PublishedRow[];
}
