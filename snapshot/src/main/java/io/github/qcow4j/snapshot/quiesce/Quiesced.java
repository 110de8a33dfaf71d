package io.github.qcow4j.snapshot.quiesce;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of a capture while the writers held still.
 *
 * @param value the capture
 * @param consistency what it is worth
 * @param shortfalls why it is not worth more, one sentence for each that failed
 * @param thawFailure why writers may still hold still, or null; the capture is good all the same
 */
public record Quiesced<T>(
    T value, Consistency consistency, List<String> shortfalls, @Nullable IOException thawFailure) {

  /** Keeps a copy of the list. */
  public Quiesced {
    shortfalls = List.copyOf(shortfalls);
  }
}
