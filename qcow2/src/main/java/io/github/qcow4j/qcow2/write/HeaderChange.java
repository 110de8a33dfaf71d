package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.HeaderRewrite;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;

/**
 * Replaces the header of an image, and nothing else: names, feature bits. Everything that was
 * changed before is durable first, and so is the header on return; after a crash it is the old or
 * the new one.
 */
public final class HeaderChange {

  private final ImageWriter writer;
  private final BlockFile file;
  private final Qcow2Header header;

  /**
   * Prepares a change; one change is made with it.
   *
   * @param writer the image's writer, of no more use afterwards
   * @param file the image
   * @param header its header
   */
  public HeaderChange(ImageWriter writer, BlockFile file, Qcow2Header header) {
    this.writer = writer;
    this.file = file;
    this.header = header;
  }

  /** One change of a header's fields and names. */
  @FunctionalInterface
  public interface Edit {

    /** The new header; its tables are those of the old one. */
    Qcow2Header apply(Qcow2Header old) throws IOException;
  }

  /** Makes the change. */
  public void apply(Edit edit) throws IOException {
    writer.alone(tables -> HeaderRewrite.replace(file, inFile(), edit.apply(inFile())));
  }

  /** The header as it stands in the file: writing may have moved the refcount table. */
  private Qcow2Header inFile() {
    return writer.headerInFile(header);
  }
}
