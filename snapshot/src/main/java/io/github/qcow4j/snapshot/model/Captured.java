package io.github.qcow4j.snapshot.model;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.snapshot.quiesce.Consistency;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot that was made.
 *
 * @param snapshot the snapshot, durable
 * @param method the costliest way in which data was copied, or null when none was
 * @param consistency what it is worth, of a running box; null of a stopped one
 * @param shortfalls why it is not worth more, in words
 * @param thawFailure why whoever writes to the box may still hold still, or null; somebody has to
 *     look after that
 */
public record Captured(
    Snapshot snapshot,
    @Nullable CopyMethod method,
    @Nullable Consistency consistency,
    List<String> shortfalls,
    @Nullable IOException thawFailure) {

  public Captured {
    shortfalls = List.copyOf(shortfalls);
  }

  /** A snapshot of a stopped box. */
  public static Captured ofStopped(Snapshot snapshot) {
    return new Captured(snapshot, null, null, List.of(), null);
  }
}
