package io.github.qcow4j.snapshot.model;

import io.github.qcow4j.nativeio.CopyMethod;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a collection has looked at for removal.
 *
 * @param kind {@code intent}, {@code orphan}, {@code layer} or {@code snapshot}
 * @param name which
 * @param bytes storage that its removal frees, in bytes; of what stays, what it takes; of what is
 *     only to be said, as far as can be told without doing it
 * @param causes why it goes, at least one
 * @param reason the same in words
 * @param removed whether it is gone
 * @param hindrance why it is not, or null when it is, or is only to be said
 * @param failed whether the hindrance is a failure, and not that somebody needs it or works with it
 * @param method the costliest way in which data that others need of it was copied into them, or
 *     null when there was none
 */
public record Collected(
    String kind,
    String name,
    long bytes,
    List<Cause> causes,
    String reason,
    boolean removed,
    @Nullable String hindrance,
    boolean failed,
    @Nullable CopyMethod method) {

  /** Why something goes. */
  public enum Cause {
    /** A process that is gone has begun it; it is ended or undone. */
    FINISHED_INTENT,
    /** Neither the catalogue nor anything under way knows the file. */
    ORPHAN,
    /** No image lies on the layer, and it is no snapshot's. */
    UNNEEDED_BASE,
    /** There are more snapshots than may stay, and this one was not used for longest. */
    LRU_KEEP,
    /** The snapshot was not used for too long. */
    LRU_AGE,
    /** Snapshots take more than they may, and this one was not used for longest. */
    LRU_SIZE;

    /** The name in reports. */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  public Collected {
    causes = List.copyOf(causes);
  }

  /** The causes' names with {@code +} between. */
  public String causeLabels() {
    return causes.stream().map(Cause::label).collect(Collectors.joining("+"));
  }
}
