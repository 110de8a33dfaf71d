package io.github.qcow4j.snapshot.model;

import java.io.Closeable;
import java.io.IOException;

/** A box that is held as running, until this is closed or this process ends. For one thread. */
public interface HeldBox extends Closeable {

  /**
   * Notes which process writes to the disks: refusals name it, and captures make it hold still.
   *
   * @throws IOException when the catalogue cannot be written
   */
  void writtenBy(Holder writer) throws IOException;

  /** Nobody runs it any more, also when the catalogue cannot be written. */
  @Override
  void close();
}
