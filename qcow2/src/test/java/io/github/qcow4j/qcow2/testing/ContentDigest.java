package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A SHA-256 over a raw file's length and its non-zero blocks with their offsets: files that read
 * the same have the same digest, and holes cost nothing, so that a terabyte of them is no obstacle.
 */
public final class ContentDigest {

  private static final int BLOCK_BYTES = 64 << 10;
  private static final byte[] ZEROS = new byte[BLOCK_BYTES];
  private static final long ALWAYS_READ_BYTES = 64L << 20;
  private static final Pattern EXTENT =
      Pattern.compile("\"start\": (\\d+), \"length\": (\\d+),[^}]*\"data\": true");

  private ContentDigest() {}

  /** The digest of a raw file, in hexadecimal. */
  public static String ofRaw(Path rawFile) {
    try (FileChannel channel = FileChannel.open(rawFile, StandardOpenOption.READ)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      long size = channel.size();
      digest.update(longBytes(size));
      if (size <= ALWAYS_READ_BYTES) {
        addRange(channel, 0, size, digest);
      } else {
        addExtents(channel, rawFile, digest);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void addExtents(FileChannel channel, Path rawFile, MessageDigest digest)
      throws IOException {
    String map =
        QemuTools.require()
            .img("map", "-f", "raw", "--output=json", rawFile.toString())
            .orFail()
            .stdout();
    Matcher extents = EXTENT.matcher(map);
    long done = 0;
    while (extents.find()) {
      // Whole blocks, each once, whatever the borders of the extents.
      long start = Math.max(done, Long.parseLong(extents.group(1)) / BLOCK_BYTES * BLOCK_BYTES);
      long end = Long.parseLong(extents.group(1)) + Long.parseLong(extents.group(2));
      done =
          Math.max(
              done, Math.min(channel.size(), (end + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES));
      addRange(channel, start, done, digest);
    }
  }

  private static void addRange(FileChannel channel, long start, long end, MessageDigest digest)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BLOCK_BYTES);
    for (long offset = start; offset < end; offset += BLOCK_BYTES) {
      buffer.clear().limit((int) Math.min(BLOCK_BYTES, end - offset));
      while (buffer.hasRemaining() && channel.read(buffer, offset + buffer.position()) >= 0) {
        // Positional reads may be short.
      }
      int length = buffer.position();
      if (!java.util.Arrays.equals(buffer.array(), 0, length, ZEROS, 0, length)) {
        digest.update(longBytes(offset));
        digest.update(buffer.array(), 0, length);
      }
    }
  }

  private static byte[] longBytes(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }
}
