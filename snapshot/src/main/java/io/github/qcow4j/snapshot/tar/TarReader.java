package io.github.qcow4j.snapshot.tar;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.PlainName;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads an archive from front to back. For one thread at a time.
 *
 * <p>Strict, because archives come from strangers: members are regular files with plain names, no
 * name comes twice, headers have their checksums, sparse files' segments lie in order and inside,
 * and the archive ends with its two blocks of zeros and nothing but zeros behind them. Memory is
 * bounded whatever a header announces.
 *
 * <p>Whoever packs a folder from inside ({@code tar -c .}) gets the folder itself as a member, and
 * {@code ./} before every name. The one is passed over, the other taken off, as BoxLite's reader
 * does; the name that is left has to be plain, and to come once.
 *
 * <p>All methods throw {@link DamagedTransferException} where bytes contradict the format or end
 * early, {@link RefusedTransferException} for what is no regular file or has no plain name, {@link
 * TransferLimitException} where a limit is passed, {@link
 * io.github.qcow4j.snapshot.transfer.UnsupportedTransferException} for unknown forms of sparse
 * files, and whatever the channel throws.
 */
public final class TarReader {

  /** How much of a file {@link #begins} looks at. */
  public static final int START_BYTES = TarHeader.BLOCK_BYTES;

  /** No archive of boxes has more than a handful. */
  public static final int MAX_MEMBERS = 4096;

  /** The maps of Cocoon's sparse files take most; it writes none larger. */
  public static final int MAX_EXTENSION_BYTES = 1 << 20;

  private static final int MAX_EXTENSIONS_OF_ONE = 8;

  /** Headers and maps of all members together; a gigabyte in large pieces has one kilobyte. */
  private static final long MAX_OVERHEAD_BYTES = 64L << 20;

  /** The folder that was packed, as {@code tar -c .} names it and what is in it. */
  private static final String FOLDER = "./";

  private static final int MAX_TRAILING_BYTES = 1 << 20;

  private final TarInput input;
  private final Set<String> names = new HashSet<>();
  private final byte[] block = new byte[TarHeader.BLOCK_BYTES];
  private @Nullable ByteBuffer buffer;
  private SparseMap current = SparseMap.whole(0);
  private long unreadBytes;
  private long contentBytes;
  private boolean ended;

  /**
   * @param channel where from; stays the caller's
   * @param maxBytes how many bytes to read at most, all members and headers together
   */
  public TarReader(ReadableByteChannel channel, long maxBytes) {
    this.input = new TarInput(channel, maxBytes);
  }

  /** Whether so many bytes are the beginning of an archive with a member. */
  public static boolean begins(byte[] start) {
    try {
      return !isZero(start, start.length) && TarHeader.parse(start.clone()).isMarked();
    } catch (DamagedTransferException e) {
      return false;
    }
  }

  /** How many bytes were read so far. */
  public long position() {
    return input.position();
  }

  /** Goes to the next member, past what is unread of the last; null at the archive's end. */
  public @Nullable TarMember next() throws IOException {
    if (ended) {
      return null;
    }
    input.skip(unreadBytes);
    unreadBytes = 0;
    return nextFile();
  }

  private @Nullable TarMember nextFile() throws IOException {
    PaxRecords records = PaxRecords.NONE;
    String longName = null;
    for (int extensions = 0; ; extensions++) {
      input.readFully(block);
      if (isZero(block, block.length)) {
        readEnd(extensions);
        return null;
      }
      TarHeader header = TarHeader.parse(block.clone());
      switch (header.typeFlag()) {
        case TarHeader.PAX -> records = PaxRecords.parse(extension(header, extensions));
        case TarHeader.PAX_GLOBAL -> readGlobal(header, extensions);
        case TarHeader.GNU_LONG_NAME -> longName = longName(extension(header, extensions));
        case TarHeader.GNU_LONG_LINK -> extension(header, extensions);
        default -> {
          String name = nameOf(header, records, longName);
          if (!isFolder(header, name, records)) {
            return member(header, inFolder(name), records);
          }
          requireOnce(name);
          records = PaxRecords.NONE;
          longName = null;
          extensions = -1;
        }
      }
    }
  }

  private byte[] extension(TarHeader header, int already) throws IOException {
    if (header.sizeBytes() > MAX_EXTENSION_BYTES) {
      throw new TransferLimitException(
          "The archive has an extended header of " + header.sizeBytes() + " bytes",
          MAX_EXTENSION_BYTES);
    } else if (already >= MAX_EXTENSIONS_OF_ONE) {
      throw new TransferLimitException(
          "The archive has more than " + MAX_EXTENSIONS_OF_ONE + " extended headers for one member",
          MAX_EXTENSIONS_OF_ONE);
    }
    byte[] content = new byte[(int) header.sizeBytes()];
    input.readFully(content);
    input.skip(TarHeader.padding(content.length));
    return content;
  }

  /** Comments and the like pass; what would rename or resize every later member does not. */
  private void readGlobal(TarHeader header, int already) throws IOException {
    if (PaxRecords.parse(extension(header, already)).describesMembers()) {
      throw new RefusedTransferException(
          "The archive has a global header that describes members, which is not allowed");
    }
  }

  private static String longName(byte[] content) throws DamagedTransferException {
    return TarHeader.text(content, 0, content.length);
  }

  private static String nameOf(TarHeader header, PaxRecords records, @Nullable String longName)
      throws IOException {
    String sparseName = records.text("GNU.sparse.name");
    String path = records.text("path");
    if (sparseName != null) {
      return sparseName;
    } else if (path != null) {
      return path;
    }
    return longName == null ? header.name() : longName;
  }

  private static boolean isFolder(TarHeader header, String name, PaxRecords records)
      throws IOException {
    return header.typeFlag() == TarHeader.DIRECTORY
        && header.sizeBytes() == 0
        && records.number("size") <= 0
        && name.equals(FOLDER);
  }

  private static String inFolder(String name) {
    return name.startsWith(FOLDER) ? name.substring(FOLDER.length()) : name;
  }

  private void requireOnce(String name) throws IOException {
    if (!names.add(name)) {
      throw new DamagedTransferException(
          "Invalid archive: member '" + PlainName.shown(name) + "' comes twice");
    } else if (names.size() > MAX_MEMBERS) {
      throw new TransferLimitException(
          "The archive has more than " + MAX_MEMBERS + " members", MAX_MEMBERS);
    }
  }

  private TarMember member(TarHeader header, String name, PaxRecords records) throws IOException {
    requireFile(header, name);
    PlainName.require(name);
    requireOnce(name);
    long size = records.number("size");
    TarHeader sized = size < 0 ? header : header.withSize(size);
    if (sized.sizeBytes() > Long.MAX_VALUE - TarHeader.BLOCK_BYTES) {
      throw new DamagedTransferException(
          "Invalid archive: the size of '" + PlainName.shown(name) + "' is beyond all numbers");
    }
    current = mapOf(name, sized, records);
    unreadBytes = current.storedBytes() + TarHeader.padding(sized.sizeBytes());
    if (input.position() - contentBytes > MAX_OVERHEAD_BYTES) {
      throw new TransferLimitException(
          "The archive has more than %d bytes of headers".formatted(MAX_OVERHEAD_BYTES),
          MAX_OVERHEAD_BYTES);
    }
    contentBytes += unreadBytes;
    return new TarMember(name, current.sizeBytes());
  }

  private SparseMap mapOf(String name, TarHeader header, PaxRecords records) throws IOException {
    if (header.typeFlag() == TarHeader.GNU_SPARSE) {
      return SparseForms.oldGnu(name, header, input);
    }
    SparseMap map = SparseForms.ofRecords(name, records, header.sizeBytes(), input);
    return map == null ? SparseMap.whole(header.sizeBytes()) : map;
  }

  private static void requireFile(TarHeader header, String name) throws RefusedTransferException {
    String kind =
        switch (header.typeFlag()) {
          case TarHeader.REGULAR,
              TarHeader.OLD_REGULAR,
              TarHeader.CONTIGUOUS,
              TarHeader.GNU_SPARSE ->
              null;
          case '1' -> "a hard link";
          case '2' -> "a symbolic link";
          case '3' -> "a character device";
          case '4' -> "a block device";
          case TarHeader.DIRECTORY, 'D' -> "a directory";
          case '6' -> "a FIFO";
          default -> "of unknown type " + (int) header.typeFlag();
        };
    if (kind != null) {
      throw new RefusedTransferException(
          "Member '" + PlainName.shown(name) + "' is " + kind + ", only files are allowed");
    }
  }

  /** The first of the two blocks that end an archive was read. */
  private void readEnd(int extensions) throws IOException {
    if (extensions > 0) {
      throw new DamagedTransferException("Invalid archive: it ends behind an extended header");
    }
    input.readFully(block);
    ByteBuffer rest = ByteBuffer.allocate(TarInput.SKIPPED_BYTES);
    long trailing = 0;
    boolean zero = isZero(block, block.length);
    for (int count = -1; zero && count != 0; trailing += count) {
      count = input.read(rest.clear());
      zero = isZero(rest.array(), count);
      if (trailing > MAX_TRAILING_BYTES && names.isEmpty()) {
        // No archive that is too long, but something else altogether.
        throw new DamagedTransferException("Invalid archive: it begins with zeros");
      } else if (trailing > MAX_TRAILING_BYTES) {
        throw new TransferLimitException("The archive goes on behind its end", MAX_TRAILING_BYTES);
      }
    }
    if (!zero) {
      throw new DamagedTransferException("Invalid archive: something stands behind its end");
    }
    ended = true;
  }

  private static boolean isZero(byte[] bytes, int length) {
    int seen = 0;
    for (int i = 0; i < length; i++) {
      seen |= bytes[i];
    }
    return seen == 0;
  }

  /** Reads the member whole; at most once. */
  public void read(MemberSink sink) throws IOException {
    ByteBuffer piece = buffer == null ? ByteBuffer.allocateDirect(BlockFile.CALL_BYTES) : buffer;
    buffer = piece;
    long position = 0;
    for (int i = 0; i < current.segments(); i++) {
      if (current.start(i) > position) {
        sink.hole(current.start(i) - position);
      }
      for (position = current.start(i); position < current.end(i); ) {
        piece.clear().limit((int) Math.min(BlockFile.CALL_BYTES, current.end(i) - position));
        input.readFully(piece);
        unreadBytes -= piece.limit();
        position += piece.limit();
        sink.data(piece.flip());
      }
    }
    if (current.sizeBytes() > position) {
      sink.hole(current.sizeBytes() - position);
    }
  }

  /**
   * Reads a small member whole.
   *
   * @param maxBytes how large it may be
   * @throws TransferLimitException when it is larger
   */
  public byte[] readSmall(TarMember member, int maxBytes) throws IOException {
    if (member.sizeBytes() > maxBytes) {
      throw new TransferLimitException(
          "Member '%s' has %d bytes, allowed are %d"
              .formatted(member.name(), member.sizeBytes(), maxBytes),
          maxBytes);
    }
    ByteBuffer content = ByteBuffer.allocate((int) member.sizeBytes());
    read(
        new MemberSink() {
          @Override
          public void data(ByteBuffer bytes) {
            content.put(bytes);
          }

          @Override
          public void hole(long lengthBytes) {
            content.position(content.position() + (int) lengthBytes);
          }
        });
    return content.array();
  }
}
