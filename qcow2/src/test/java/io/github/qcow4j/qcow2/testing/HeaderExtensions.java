package io.github.qcow4j.qcow2.testing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The header extensions and the backing name of an image under surgery (qcow2 specification,
 * "Header extensions").
 *
 * <p>Every change writes the rest of the header cluster anew: extensions, end marker, backing name.
 */
public final class HeaderExtensions {

  public static final int END = 0;
  public static final int BACKING_FORMAT = 0xe279_2aca;
  public static final int FEATURE_NAMES = 0x6803_f857;
  public static final int BITMAPS = 0x2385_2875;
  public static final int ENCRYPTION = 0x0537_be77;
  public static final int DATA_FILE = 0x4441_5441;

  private final ImageSurgeon surgeon;
  private final List<Extension> extensions = new ArrayList<>();
  private String backingName;

  HeaderExtensions(ImageSurgeon surgeon) {
    this.surgeon = surgeon;
    long nameOffset = surgeon.get(HeaderField.BACKING_FILE_OFFSET);
    int nameBytes = Math.toIntExact(surgeon.get(HeaderField.BACKING_FILE_SIZE));
    this.backingName =
        nameOffset == 0
            ? ""
            : new String(surgeon.read(nameOffset, nameBytes), StandardCharsets.UTF_8);
    long end = nameOffset == 0 ? surgeon.clusterSizeBytes() : nameOffset;
    long position = surgeon.headerLengthBytes();
    while (position + 8 <= end) {
      int type = (int) surgeon.number(position, 4);
      int lengthBytes = Math.toIntExact(surgeon.number(position + 4, 4));
      if (type == END) {
        break;
      }
      extensions.add(new Extension(type, surgeon.read(position + 8, lengthBytes)));
      position += 8 + (lengthBytes + 7) / 8 * 8;
    }
  }

  /**
   * One extension.
   *
   * @param type type number
   * @param content bytes without padding
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Extension(int type, byte[] content) {}

  public List<Extension> list() {
    return List.copyOf(extensions);
  }

  public HeaderExtensions append(int type, byte[] content) {
    extensions.add(new Extension(type, content.clone()));
    rewrite();
    return this;
  }

  public HeaderExtensions remove(int type) {
    extensions.removeIf(extension -> extension.type() == type);
    rewrite();
    return this;
  }

  public HeaderExtensions replace(int type, byte[] content) {
    extensions.replaceAll(
        extension -> extension.type() == type ? new Extension(type, content) : extension);
    rewrite();
    return this;
  }

  /** Stores another backing name; an empty one removes it. */
  public HeaderExtensions setBackingName(String name) {
    backingName = name;
    rewrite();
    return this;
  }

  /** Host offset of an extension's content. */
  public long contentOffset(int type) {
    long position = surgeon.headerLengthBytes();
    for (Extension extension : extensions) {
      if (extension.type() == type) {
        return position + 8;
      }
      position += 8 + (extension.content().length + 7) / 8 * 8;
    }
    throw new IllegalArgumentException("no extension of type 0x" + Integer.toHexString(type));
  }

  /** Writes everything behind the header again, for instance after its length was changed. */
  public void rewrite() {
    int start = surgeon.headerLengthBytes();
    ByteBuffer rest = ByteBuffer.allocate(surgeon.clusterSizeBytes() - start);
    for (Extension extension : extensions) {
      rest.putInt(extension.type()).putInt(extension.content().length).put(extension.content());
      rest.position((rest.position() + 7) / 8 * 8);
    }
    rest.putLong(0);
    if (backingName.isEmpty()) {
      surgeon.set(HeaderField.BACKING_FILE_OFFSET, 0);
      surgeon.set(HeaderField.BACKING_FILE_SIZE, 0);
    } else {
      byte[] name = backingName.getBytes(StandardCharsets.UTF_8);
      surgeon.set(HeaderField.BACKING_FILE_OFFSET, start + rest.position());
      surgeon.set(HeaderField.BACKING_FILE_SIZE, name.length);
      rest.put(name);
    }
    surgeon.write(start, rest.array());
  }
}
