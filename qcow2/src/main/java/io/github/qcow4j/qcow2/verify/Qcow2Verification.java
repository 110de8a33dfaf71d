package io.github.qcow4j.qcow2.verify;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapDirectory;
import io.github.qcow4j.qcow2.check.CheckFinding;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.check.MappingFinding;
import io.github.qcow4j.qcow2.check.RefcountFinding;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.verify.Concern.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The look at one qcow2 image: header, extensions, directories, and then all tables. */
final class Qcow2Verification {

  private static final int FIXED_HEADER_BYTES = 104;

  /** A file may end inside the last cluster of a table, and clusters have 2 MiB at the most. */
  private static final long PARTIAL_TABLE_BYTES = 2L << 20;

  private final Volume volume;
  private final Path path;
  private final VerificationOptions options;
  private final JobControl control;
  private final ConcernList concerns;
  private boolean readable = true;

  Qcow2Verification(
      Volume volume,
      Path path,
      VerificationOptions options,
      JobControl control,
      ConcernList concerns) {
    this.volume = volume;
    this.path = path;
    this.options = options;
    this.control = control;
    this.concerns = concerns;
  }

  /** A part of an image that may contradict the format. */
  @FunctionalInterface
  private interface Part {
    void read() throws IOException;
  }

  /** Looks at everything; returns the disk's size, or -1. */
  long run() throws IOException {
    Qcow2Header header = null;
    try (BlockFile file = volume.open(path, OpenOptions.reading())) {
      lookAtReferences(file);
      header = header(file);
      if (header != null) {
        lookAtHeader(file, header);
      }
    }
    if (header == null) {
      return -1;
    }
    if (readable) {
      lookAtTables();
    }
    return header.virtualSize();
  }

  /** What other files it leads to stands in fixed places, however damaged the rest is. */
  private void lookAtReferences(BlockFile file) throws IOException {
    ByteBuffer start = ByteBuffer.allocate(FIXED_HEADER_BYTES);
    file.readPadded(start, 0);
    start.flip();
    NamedFiles named = new NamedFiles(volume, file, options.references());
    if (start.getLong(HeaderField.BACKING_FILE_OFFSET) != 0 && !named.admitsBackingFile()) {
      concerns.add(Reason.BACKING_FILE, "names a backing file");
    }
    boolean longHeader = start.getInt(HeaderField.VERSION) >= 3;
    long features = longHeader ? start.getLong(HeaderField.INCOMPATIBLE_FEATURES) : 0;
    if ((features & Feature.EXTERNAL_DATA_FILE.mask()) != 0 && !named.admitsDataFile()) {
      concerns.add(Reason.DATA_FILE, "keeps its data in another file");
    }
    if (start.getInt(HeaderField.CRYPT_METHOD) != 0) {
      concerns.add(
          Reason.ENCRYPTED,
          "encryption method " + Integer.toUnsignedString(start.getInt(HeaderField.CRYPT_METHOD)));
    }
  }

  private @Nullable Qcow2Header header(BlockFile file) throws IOException {
    try {
      return HeaderParser.parse(file, false);
    } catch (CorruptImageException e) {
      boolean extension = e.structure().startsWith("header extension");
      concerns.add(extension ? Reason.MALFORMED_EXTENSION : Reason.MALFORMED_HEADER, message(e));
      return null;
    } catch (ImageException e) {
      addOther(e);
      return null;
    }
  }

  private void lookAtHeader(BlockFile file, Qcow2Header header) throws IOException {
    if (header.has(Feature.CORRUPT)) {
      concerns.add(Reason.MARKED_CORRUPT, "the corrupt bit is set");
    }
    if (!header.has(Feature.EXTERNAL_DATA_FILE) && header.extensions().dataFileName() != null) {
      concerns.add(Reason.DATA_FILE, "names a data file");
    }
    requireInside(file, "L1 table", header.l1TableOffset(), (long) header.l1Entries() * Long.BYTES);
    requireInside(
        file,
        "refcount table",
        header.refcountTableOffset(),
        (long) header.refcountTableClusters() * header.clusterSize());
    look(Reason.MALFORMED_SNAPSHOTS, () -> lookAtSnapshots(file, header));
    look(Reason.MALFORMED_BITMAPS, () -> lookAtBitmaps(file, header));
  }

  private void lookAtBitmaps(BlockFile file, Qcow2Header header) throws IOException {
    for (Bitmap bitmap : BitmapDirectory.read(file, header)) {
      long bytes = Integer.toUnsignedLong(bitmap.tableEntries()) * Long.BYTES;
      requireInside(file, "table of a bitmap", bitmap.tableOffset(), bytes);
    }
  }

  private void lookAtSnapshots(BlockFile file, Qcow2Header header) throws IOException {
    for (InternalSnapshot snapshot : SnapshotTable.read(file, header)) {
      lookAtDiskSize(header, snapshot);
      SnapshotTable.checkL1(file, header, snapshot);
      long bytes = (long) snapshot.l1Entries() * Long.BYTES;
      if (snapshot.l1TableOffset() > FormatLimits.MAX_FILE_BYTES - bytes) {
        readable = false;
      }
      requireInside(file, "L1 table of a snapshot", snapshot.l1TableOffset(), bytes);
    }
  }

  /** A wrong one is in nobody's way but of who makes the disk what the snapshot holds. */
  private void lookAtDiskSize(Qcow2Header header, InternalSnapshot snapshot) {
    try {
      SnapshotTable.checkDiskSize(path, header, snapshot);
    } catch (ImageException e) {
      concerns.add(Reason.MALFORMED_SNAPSHOTS, message(e));
    }
  }

  /** Images may end inside their last cluster, but no later structure may be missing wholly. */
  private void requireInside(BlockFile file, String name, long hostOffset, long bytes)
      throws IOException {
    long end = file.size();
    if (bytes > 0 && (hostOffset >= end || bytes - (end - hostOffset) >= PARTIAL_TABLE_BYTES)) {
      concerns.add(
          Reason.TABLE_PAST_END,
          name
              + " of "
              + bytes
              + " bytes at offset 0x"
              + Long.toHexString(hostOffset)
              + ", the file has "
              + end
              + " bytes");
    }
  }

  private void look(Reason reason, Part part) throws IOException {
    try {
      part.read();
    } catch (CorruptImageException e) {
      concerns.add(reason, message(e));
      readable = false;
    } catch (ImageException e) {
      addOther(e);
      readable = false;
    }
  }

  private void lookAtTables() throws IOException {
    try (ImageCheck check =
        options.besideWriters()
            ? ImageCheck.openBesideWriters(volume, path)
            : ImageCheck.open(volume, path)) {
      check.inspect(this::add, control);
    } catch (ImageInUseException e) {
      throw e;
    } catch (CorruptImageException e) {
      concerns.add(Reason.CORRUPT_METADATA, message(e));
    } catch (ImageException e) {
      addOther(e);
    }
  }

  private void add(CheckFinding finding) {
    switch (finding) {
      case RefcountFinding.Overlap overlap -> concerns.add(Reason.OVERLAP, overlap.message());
      case RefcountFinding.ReferencePastEnd past -> concerns.add(Reason.DATA_PAST_END, where(past));
      case MappingFinding.CompressedPastEnd past ->
          concerns.add(Reason.DATA_PAST_END, past.message());
      case MappingFinding mapping when mapping.isMissingCopiedFlag() ->
          concerns.addMissingCopiedFlag();
      default -> {
        if (finding.severity() == CheckFinding.Severity.CORRUPTION
            || finding.severity() == CheckFinding.Severity.CHECK_ERROR) {
          concerns.add(Reason.CORRUPT_METADATA, finding.message());
        }
      }
    }
  }

  private static String where(RefcountFinding.ReferencePastEnd past) {
    return past.lengthBytes() + " bytes at offset 0x" + Long.toHexString(past.hostOffset());
  }

  /** The exceptions that mean the same wherever they come from. */
  private void addOther(ImageException failure) throws ImageException {
    switch (failure) {
      case UnsupportedFeatureException unsupported ->
          concerns.add(Reason.UNKNOWN_FEATURES, message(unsupported));
      case LimitExceededException limit -> concerns.add(Reason.LIMIT_EXCEEDED, message(limit));
      case CorruptImageException corrupt -> concerns.add(Reason.CORRUPT_METADATA, message(corrupt));
      default -> throw failure;
    }
  }

  private static String message(ImageException failure) {
    return String.valueOf(failure.getMessage());
  }
}
