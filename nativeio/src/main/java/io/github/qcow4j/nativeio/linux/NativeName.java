package io.github.qcow4j.nativeio.linux;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Names between Java and the kernel, to which a name is bytes ({@code path_resolution(7)}).
 *
 * <p>A {@link Path} of the default file system keeps the bytes it was made of, also where its text
 * cannot show them (a name in UTF-8 under {@code LC_ALL=C}); its URI gives them back exactly.
 */
final class NativeName {

  /** {@code PATH_MAX}, the terminating NUL included ({@code limits.h}). */
  static final int MAX_BYTES = 4096;

  private static final Charset CHARSET =
      Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"), StandardCharsets.UTF_8);

  private NativeName() {}

  /** The name as the kernel takes it, ending in NUL. */
  static MemorySegment of(Path path, SegmentAllocator allocator) {
    String text = path.toString();
    byte[] bytes;
    if (text.isEmpty()) {
      bytes = new byte[] {'.'};
    } else if (isAscii(text)) {
      bytes = text.getBytes(StandardCharsets.US_ASCII);
    } else {
      bytes = uriBytes(path.toUri().getRawPath());
    }
    return of(bytes, allocator);
  }

  /** An ASCII name as the kernel takes it. */
  static MemorySegment of(String ascii, SegmentAllocator allocator) {
    return of(ascii.getBytes(StandardCharsets.US_ASCII), allocator);
  }

  private static MemorySegment of(byte[] bytes, SegmentAllocator allocator) {
    MemorySegment name = allocator.allocate(bytes.length + 1L);
    StructBytes.of(name).put(bytes).put((byte) 0);
    return name;
  }

  /** The path of these bytes. */
  static Path toPath(byte[] bytes) {
    String ascii = new String(bytes, StandardCharsets.ISO_8859_1);
    if (isAscii(ascii)) {
      return Path.of(ascii);
    } else if (bytes[0] != '/') {
      return Path.of(new String(bytes, CHARSET));
    }
    StringBuilder uri = new StringBuilder("file://");
    for (byte b : bytes) {
      if (b == '/') {
        uri.append('/');
      } else {
        uri.append('%').append(Character.forDigit((b >> 4) & 15, 16));
        uri.append(Character.forDigit(b & 15, 16));
      }
    }
    return Path.of(URI.create(uri.toString()));
  }

  /** The text of these bytes; what the platform's encoding does not know becomes U+FFFD. */
  static String toText(byte[] bytes) {
    return new String(bytes, CHARSET);
  }

  private static byte[] uriBytes(String rawPath) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(rawPath.length());
    // A directory's URI ends in a slash that the path did not have.
    int end =
        rawPath.length() > 1 && rawPath.endsWith("/") ? rawPath.length() - 1 : rawPath.length();
    for (int at = 0; at < end; at++) {
      char c = rawPath.charAt(at);
      if (c == '%') {
        bytes.write(Integer.parseInt(rawPath, at + 1, at + 3, 16));
        at += 2;
      } else {
        bytes.write(c);
      }
    }
    return bytes.toByteArray();
  }

  private static boolean isAscii(String text) {
    for (int at = 0; at < text.length(); at++) {
      if (text.charAt(at) >= 0x80) {
        return false;
      }
    }
    return true;
  }
}
