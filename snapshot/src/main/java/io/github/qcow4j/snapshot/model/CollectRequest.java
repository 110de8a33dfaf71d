package io.github.qcow4j.snapshot.model;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What to collect. Orphans, what dead processes have begun, and layers that nothing needs always
 * are; the three limits evict snapshots too, those first that were not used for longest.
 *
 * @param dryRun whether only to say what would be done
 * @param keepSnapshots how many snapshots of the home may stay, or null for all
 * @param olderThan snapshots not used for longer go, or null
 * @param maxSizeBytes what the files of all snapshots may take together, in bytes, or null; layers
 *     of evicted snapshots that stay for several images count, and a snapshot with no others is
 *     left alone, for without it as much is taken
 */
public record CollectRequest(
    boolean dryRun,
    @Nullable Integer keepSnapshots,
    @Nullable Duration olderThan,
    @Nullable Long maxSizeBytes) {

  /** Nothing but what is of no use to anybody. */
  public static CollectRequest ofGarbage(boolean dryRun) {
    return new CollectRequest(dryRun, null, null, null);
  }
}
