const UNITS = ["KiB", "MiB", "GiB", "TiB"] as const;

/** A size in a reason: `412.0 MiB`. */
export function renderSize(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  let value = bytes / 1024;
  let unit: string = UNITS[0];
  for (const next of UNITS.slice(1)) {
    if (value < 1023.95) break;
    value /= 1024;
    unit = next;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** A duration in a reason, as coarse as people think: `2 d 4 h`, `9 h 30 min`, `12 min`, `under 1 min`. */
export function renderAbout(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "under 1 min";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The first few of a list, and how many more there are. */
export function renderSome(items: readonly string[], most = 5): string {
  const more = items.length - most;
  return more > 0 ? `${items.slice(0, most).join(", ")} and ${more} more` : items.join(", ");
}
