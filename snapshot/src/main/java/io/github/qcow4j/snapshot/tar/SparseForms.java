package io.github.qcow4j.snapshot.tar;

import io.github.qcow4j.snapshot.json.JsonText;
import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonArray;
import io.github.qcow4j.snapshot.json.JsonValue.JsonNumber;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferException;
import io.github.qcow4j.snapshot.transfer.UnsupportedTransferException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The ways in which archives say where a sparse file's bytes belong (GNU tar manual, Storing Sparse
 * Files): old GNU in the header and blocks behind it, pax 0.0 and 0.1 in records, pax 1.0 before
 * the bytes; and Cocoon's, in records of its own.
 */
final class SparseForms {

  private static final int OLD_ENTRIES = 386;
  private static final int OLD_ENTRIES_IN_HEADER = 4;
  private static final int OLD_EXTENDED = 482;
  private static final int OLD_REAL_SIZE = 483;
  private static final int ENTRIES_IN_EXTENSION = 21;
  private static final int EXTENSION_EXTENDED = 504;
  private static final int ENTRY_BYTES = 24;
  private static final int MAX_LINE_DIGITS = 20;

  private SparseForms() {}

  /** Old GNU: four entries in the header, then blocks of 21 as long as one says that more come. */
  static SparseMap oldGnu(String name, TarHeader header, TarInput input) throws IOException {
    byte[] block = header.block();
    long realSize = TarNumber.read(block, OLD_REAL_SIZE, 12, "real size of '" + name + "'");
    SparseMap.Builder map = new SparseMap.Builder(name, realSize);
    boolean more =
        addOld(map, block, OLD_ENTRIES, OLD_ENTRIES_IN_HEADER) && block[OLD_EXTENDED] != 0;
    if (!more && block[OLD_EXTENDED] != 0) {
      throw SparseMap.damaged(name, "has more entries behind its last");
    }
    byte[] extension = new byte[TarHeader.BLOCK_BYTES];
    while (more) {
      input.readFully(extension);
      boolean full = addOld(map, extension, 0, ENTRIES_IN_EXTENSION);
      more = extension[EXTENSION_EXTENDED] != 0;
      if (more && !full) {
        throw SparseMap.damaged(name, "has more entries behind its last");
      }
    }
    return map.build(header.sizeBytes());
  }

  /** Adds entries up to the first unused one; whether there was none. */
  private static boolean addOld(SparseMap.Builder map, byte[] block, int offset, int count)
      throws TransferException {
    for (int i = 0; i < count; i++) {
      int at = offset + i * ENTRY_BYTES;
      if (block[at] == 0 && block[at + 12] == 0) {
        return false;
      }
      map.add(
          TarNumber.read(block, at, 12, "offset of a segment"),
          TarNumber.read(block, at + 12, 12, "length of a segment"));
    }
    return true;
  }

  /**
   * What the records say of a regular member.
   *
   * @return its map, or null when they say nothing
   */
  static @Nullable SparseMap ofRecords(
      String name, PaxRecords records, long archivedBytes, TarInput input) throws IOException {
    String cocoon = records.text("COCOON.sparse.map");
    String major = records.text("GNU.sparse.major");
    if (cocoon != null) {
      return cocoon(name, cocoon, records, archivedBytes);
    } else if (major != null) {
      return pax1(name, major, records, archivedBytes, input);
    }
    long realSize = records.number("GNU.sparse.size");
    if (realSize < 0) {
      return null;
    }
    String list = records.text("GNU.sparse.map");
    return list != null
        ? pax01(name, list, realSize, archivedBytes)
        : pax00(name, records, realSize, archivedBytes);
  }

  private static SparseMap cocoon(String name, String json, PaxRecords records, long archivedBytes)
      throws TransferException {
    long realSize = records.number("COCOON.sparse.size");
    if (realSize < 0) {
      throw SparseMap.damaged(name, "has no size");
    }
    JsonValue list = JsonText.read(json.getBytes(StandardCharsets.UTF_8), "sparse map of " + name);
    if (!(list instanceof JsonArray array)) {
      throw SparseMap.damaged(name, "has a map that is no list");
    }
    SparseMap.Builder map = new SparseMap.Builder(name, realSize);
    for (JsonValue element : array.elements()) {
      map.add(number(name, element, "o"), number(name, element, "l"));
    }
    return map.build(archivedBytes);
  }

  private static long number(String name, JsonValue element, String key)
      throws DamagedTransferException {
    if (element instanceof JsonObject object
        && object.get(key) instanceof JsonNumber(String literal)) {
      return PaxRecords.number(literal, "a segment's '" + key + "'");
    }
    throw SparseMap.damaged(name, "has a segment without '" + key + "'");
  }

  private static SparseMap pax00(String name, PaxRecords records, long realSize, long archivedBytes)
      throws TransferException {
    List<String> pairs = records.texts("GNU.sparse.offset", "GNU.sparse.numbytes");
    SparseMap.Builder map = new SparseMap.Builder(name, realSize);
    for (int i = 0; i < pairs.size(); i += 2) {
      String offset = pairs.get(i);
      String length = i + 1 < pairs.size() ? pairs.get(i + 1) : "";
      if (!offset.startsWith("GNU.sparse.offset=") || !length.startsWith("GNU.sparse.numbytes=")) {
        throw SparseMap.damaged(name, "has an offset without a length");
      }
      map.add(afterEquals(offset), afterEquals(length));
    }
    requireCount(name, records, pairs.size() / 2);
    return map.build(archivedBytes);
  }

  private static long afterEquals(String record) throws DamagedTransferException {
    int equals = record.indexOf('=');
    return PaxRecords.number(record.substring(equals + 1), record.substring(0, equals));
  }

  private static void requireCount(String name, PaxRecords records, int count)
      throws DamagedTransferException {
    long stated = records.number("GNU.sparse.numblocks");
    if (stated >= 0 && stated != count) {
      throw SparseMap.damaged(name, "has " + count + " segments, said are " + stated);
    }
  }

  private static SparseMap pax01(String name, String list, long realSize, long archivedBytes)
      throws TransferException {
    SparseMap.Builder map = new SparseMap.Builder(name, realSize);
    String[] numbers = list.isEmpty() ? new String[0] : list.split(",", -1);
    if (numbers.length % 2 != 0) {
      throw SparseMap.damaged(name, "has an offset without a length");
    }
    for (int i = 0; i < numbers.length; i += 2) {
      map.add(
          PaxRecords.number(numbers[i], "a segment's offset"),
          PaxRecords.number(numbers[i + 1], "a segment's length"));
    }
    return map.build(archivedBytes);
  }

  private static SparseMap pax1(
      String name, String major, PaxRecords records, long archivedBytes, TarInput input)
      throws IOException {
    String minor = records.text("GNU.sparse.minor");
    if (!major.equals("1") || !"0".equals(minor)) {
      throw new UnsupportedTransferException(
          "Member '"
              + name
              + "' is a sparse file of an unknown form: GNU.sparse "
              + major
              + "."
              + minor);
    }
    long realSize = records.number("GNU.sparse.realsize");
    if (realSize < 0) {
      throw SparseMap.damaged(name, "has no size");
    }
    NumberLines lines = new NumberLines(name, input, archivedBytes);
    long count = lines.next();
    SparseMap.Builder map = new SparseMap.Builder(name, realSize);
    for (long i = 0; i < count; i++) {
      map.add(lines.next(), lines.next());
    }
    return map.build(archivedBytes - lines.readBytes());
  }

  /** Numbers, one a line, that fill whole blocks before the bytes of a member. */
  private static final class NumberLines {

    private final String name;
    private final TarInput input;
    private final long archivedBytes;
    private final byte[] block = new byte[TarHeader.BLOCK_BYTES];
    private int at = TarHeader.BLOCK_BYTES;
    private long readBytes;

    NumberLines(String name, TarInput input, long archivedBytes) {
      this.name = name;
      this.input = input;
      this.archivedBytes = archivedBytes;
    }

    long readBytes() {
      return readBytes;
    }

    long next() throws IOException {
      StringBuilder digits = new StringBuilder();
      for (char c = nextChar(); c != '\n'; c = nextChar()) {
        digits.append(c);
        if (digits.length() > MAX_LINE_DIGITS) {
          throw SparseMap.damaged(name, "has a number that never ends in its map");
        }
      }
      return PaxRecords.number(digits.toString(), "a number of a sparse map");
    }

    private char nextChar() throws IOException {
      if (at == TarHeader.BLOCK_BYTES) {
        if (archivedBytes - readBytes < TarHeader.BLOCK_BYTES) {
          throw SparseMap.damaged(name, "ends inside its map");
        }
        input.readFully(block);
        readBytes += TarHeader.BLOCK_BYTES;
        at = 0;
      }
      return (char) (block[at++] & 0xFF);
    }
  }
}
