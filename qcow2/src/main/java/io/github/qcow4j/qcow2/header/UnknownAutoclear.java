package io.github.qcow4j.qcow2.header;

import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Autoclear features that nobody here knows. What they vouch for is not kept up to date by us, so a
 * program that knows them must not find them valid after we wrote (qcow2 specification, "Header",
 * autoclear_features).
 */
public final class UnknownAutoclear {

  private UnknownAutoclear() {}

  /**
   * Takes their bits from the header, to be called before anything else is written; durable on
   * return.
   *
   * @param file the image, open for writing and locked
   * @param header its header
   * @return the header as it is now
   * @throws IOException when the storage fails
   */
  public static Qcow2Header clear(BlockFile file, Qcow2Header header) throws IOException {
    long known = without(header.autoclearFeatures());
    if (header.autoclearFeatures() == known) {
      return header;
    }
    file.write(ByteBuffer.allocate(Long.BYTES).putLong(0, known), HeaderField.AUTOCLEAR_FEATURES);
    file.sync();
    return HeaderParser.parse(file, true);
  }

  /** The known ones of such features. */
  static long without(long autoclearFeatures) {
    return autoclearFeatures & Feature.knownMask(Feature.Group.AUTOCLEAR);
  }
}
