package io.github.qcow4j.snapshot.tar;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes the bytes of a member, front to back. */
public interface MemberSink {

  /**
   * The next bytes.
   *
   * @param bytes valid until this returns
   */
  void data(ByteBuffer bytes) throws IOException;

  /**
   * The next bytes are zeros that the archive does not hold.
   *
   * @param lengthBytes how many, 1 and more
   */
  void hole(long lengthBytes) throws IOException;
}
