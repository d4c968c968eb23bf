/** This process among all that could hold a lock. */
export interface Host {
  /** `user@host`. */
  readonly actor: string;
  readonly process: ProcessIdentity;
  /** False only when that process certainly no longer runs; true where that cannot be known from here. */
  mayBeAlive(process: ProcessIdentity): boolean;
}

export interface ProcessIdentity {
  readonly host: string;
  /** Changes at every boot of the machine, and differs between process id namespaces. */
  readonly boot: string;
  readonly pid: number;
  /** Start time of the process in the kernel's own unit: a process id may be used again. */
  readonly started: string;
}
