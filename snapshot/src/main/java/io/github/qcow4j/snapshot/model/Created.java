package io.github.qcow4j.snapshot.model;

import io.github.qcow4j.nativeio.CopyMethod;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Boxes that were made.
 *
 * @param boxes in the order asked for
 * @param method the costliest way in which data was copied, or null when none was
 */
public record Created(List<Box> boxes, @Nullable CopyMethod method) {

  public Created {
    boxes = List.copyOf(boxes);
  }

  /** The only one. */
  public Box box() {
    return boxes.getFirst();
  }
}
