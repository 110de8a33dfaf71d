package io.github.qcow4j.snapshot.tar;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Archives in memory, made sound or otherwise, and read whole. */
public final class Archives {

  private static final long MANY_BYTES = 1L << 40;

  private Archives() {}

  /** All members of an archive; none may be large. */
  static Map<String, byte[]> read(byte[] archive) throws IOException {
    Map<String, byte[]> members = new LinkedHashMap<>();
    TarReader reader =
        new TarReader(Channels.newChannel(new ByteArrayInputStream(archive)), MANY_BYTES);
    for (TarMember member = reader.next(); member != null; member = reader.next()) {
      members.put(member.name(), reader.readSmall(member, 64 << 20));
    }
    return members;
  }

  /** An archive of these members, by our own writer. */
  public static byte[] write(Map<String, byte[]> members) throws IOException {
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    TarWriter writer = new TarWriter(Channels.newChannel(archive), 1_700_000_000);
    for (Map.Entry<String, byte[]> member : members.entrySet()) {
      writer.begin(member.getKey(), member.getValue().length);
      writer.write(ByteBuffer.wrap(member.getValue()));
    }
    writer.finish();
    return archive.toByteArray();
  }

  /** A header block with whatever in it; its checksum is right. */
  public static byte[] header(String name, char typeFlag, long sizeBytes) {
    byte[] block = new byte[TarHeader.BLOCK_BYTES];
    byte[] encoded = name.getBytes(StandardCharsets.UTF_8);
    System.arraycopy(encoded, 0, block, 0, Math.min(100, encoded.length));
    put(block, TarHeader.MODE, "0000644");
    put(block, TarHeader.SIZE, "%011o".formatted(sizeBytes));
    put(block, TarHeader.MAGIC, TarHeader.POSIX_MAGIC);
    block[TarHeader.TYPE_FLAG] = (byte) typeFlag;
    return sealed(block);
  }

  /** The header of an old GNU sparse file, whose first bytes are stored, and then nothing. */
  public static byte[] oldSparse(String name, long realSize, int firstBytes) {
    byte[] block = header(name, TarHeader.GNU_SPARSE, firstBytes);
    put(block, TarHeader.MAGIC, TarHeader.GNU_MAGIC);
    put(block, 386, "%011o\0%011o".formatted(0, firstBytes));
    TarNumber.write(block, 483, 12, realSize);
    return sealed(block);
  }

  static void put(byte[] block, int offset, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, block, offset, bytes.length);
  }

  /** The same block with the right checksum. */
  static byte[] sealed(byte[] block) {
    put(block, TarHeader.CHECKSUM, "%06o\0 ".formatted(TarHeader.checksum(block)));
    return block;
  }

  /** Contents, each filled up to whole blocks, one behind the other. */
  public static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(Arrays.copyOf(part, part.length + TarHeader.padding(part.length)));
    }
    return all.toByteArray();
  }

  /** The two blocks that end an archive. */
  public static byte[] end() {
    return new byte[2 * TarHeader.BLOCK_BYTES];
  }

  /** A pax header with records for the next member. */
  static byte[] pax(String... records) {
    byte[] text = paxText(records);
    return join(header("pax", TarHeader.PAX, text.length), text);
  }

  static byte[] paxText(String... records) {
    StringBuilder text = new StringBuilder();
    for (String record : records) {
      int others = record.getBytes(StandardCharsets.UTF_8).length + 2;
      int length = others + Integer.toString(others).length();
      length = others + Integer.toString(length).length();
      text.append(length).append(' ').append(record).append('\n');
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }
}
