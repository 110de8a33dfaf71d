package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapDirectory;
import io.github.qcow4j.qcow2.chain.Reference;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.check.ImageRepair;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.ReferenceTrail;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.lock.DiskFile;
import io.github.qcow4j.qcow2.lock.ImageLock;
import io.github.qcow4j.qcow2.lock.LockProfile;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.write.ImageWriter;
import io.github.qcow4j.qcow2.write.WriterOpener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One layer whose file is open and locked, and whose header is parsed, but which is not yet part of
 * a chain.
 *
 * @param file the image
 * @param header its header, or null for a raw image
 * @param dataFile its external data file, or null
 * @param snapshots its internal snapshots
 * @param bitmaps its bitmaps
 * @param writable whether it is to be changed
 * @param guessed whether its format is a guess
 */
record OpenLayer(
    BlockFile file,
    @Nullable Qcow2Header header,
    @Nullable BlockFile dataFile,
    List<InternalSnapshot> snapshots,
    List<Bitmap> bitmaps,
    boolean writable,
    boolean guessed) {

  private static final int PROBE_BYTES = 512;

  /**
   * Opens a layer; on failure nothing stays open.
   *
   * @param format its format, or null to probe
   */
  static OpenLayer open(
      Volume volume,
      Path path,
      @Nullable ImageFormat format,
      ReferencePolicy policy,
      ImageOptions options)
      throws IOException {
    BlockFile file =
        DiskFile.open(
            volume, path, options.writable() ? OpenOptions.writing() : OpenOptions.reading());
    try {
      ImageFormat known = format == null ? probe(file) : format;
      ImageLock.acquire(file, profile(known, options));
      return switch (known) {
        case RAW -> {
          refuseNamedDataFile(
              path, "Block format 'raw' does not support the option 'data-file.filename'", options);
          yield new OpenLayer(
              file, null, null, List.of(), List.of(), options.writable(), format == null);
        }
        case QCOW2 -> openQcow2(volume, file, format == null, policy, options);
      };
    } catch (IOException | RuntimeException e) {
      ChainOpener.close(file, e);
      throw e;
    }
  }

  private static OpenLayer openQcow2(
      Volume volume, BlockFile file, boolean guessed, ReferencePolicy policy, ImageOptions options)
      throws IOException {
    Qcow2Header header = HeaderParser.parse(file, false);
    requireSize(file, header.virtualSize(), options);
    if (!options.metadataOnly()) {
      refuseEncrypted(file.path(), header);
    }
    BlockFile dataFile = null;
    if (!header.has(Feature.EXTERNAL_DATA_FILE)) {
      refuseNamedDataFile(
          file.path(),
          "'data-file' can only be set for images with an external data file",
          options);
    } else if (!options.metadataOnly()) {
      dataFile = openDataFile(volume, file.path(), header, policy, options);
    }
    try {
      if (options.writable() && header.has(Feature.DIRTY) && !header.has(Feature.CORRUPT)) {
        ImageRepair.repairDirty(file, header, options.repairs());
        header = HeaderParser.parse(file, false);
      }
      List<InternalSnapshot> snapshots = SnapshotTable.read(file, header);
      List<Bitmap> bitmaps = BitmapDirectory.read(file, header);
      return new OpenLayer(file, header, dataFile, snapshots, bitmaps, options.writable(), guessed);
    } catch (IOException | RuntimeException e) {
      if (dataFile != null) {
        ChainOpener.close(dataFile, e);
      }
      throw e;
    }
  }

  private static void refuseNamedDataFile(Path image, String message, ImageOptions options)
      throws UnsupportedFeatureException {
    if (options.dataFile() != null && !options.metadataOnly()) {
      throw new UnsupportedFeatureException(
          image, message, Feature.EXTERNAL_DATA_FILE.specificationName());
    }
  }

  private static BlockFile openDataFile(
      Volume volume, Path image, Qcow2Header header, ReferencePolicy policy, ImageOptions options)
      throws IOException {
    try {
      Path named = options.dataFile();
      BlockFile file =
          DiskFile.open(
              volume,
              named == null ? admittedDataFile(volume, image, header, policy) : named,
              options.writable() ? OpenOptions.writing() : OpenOptions.reading());
      try {
        ImageLock.acquire(file, profile(ImageFormat.QCOW2, options));
        return file;
      } catch (IOException | RuntimeException e) {
        ChainOpener.close(file, e);
        throw e;
      }
    } catch (IOException e) {
      e.addSuppressed(new ReferenceTrail(image, ReferenceTrail.Role.DATA_FILE));
      throw e;
    }
  }

  private static Path admittedDataFile(
      Volume volume, Path image, Qcow2Header header, ReferencePolicy policy) throws IOException {
    String name = header.extensions().dataFileName();
    if (name == null) {
      throw new CorruptImageException(
          image, "'data-file' is required for this image", "header extensions", -1);
    }
    Path resolved = StoredName.resolveDataFile(image, name);
    return policy.admit(
        new Reference(ReferenceTrail.Role.DATA_FILE, image, name, resolved, null), volume);
  }

  /** Puts the layer on top of the one below. */
  DiskImage assemble(@Nullable DiskImage below, Qcow2Image.Shared shared) throws IOException {
    if (header != null && writable) {
      ImageWriter writer =
          new WriterOpener(file, header, snapshots, bitmaps)
              .inChain(shared.repeats())
              .open(dataFile, below != null, true);
      return new Qcow2Image(
          file, header, new Qcow2Image.Parts(snapshots, bitmaps, dataFile, below, shared, writer));
    }
    return header == null
        ? new RawImage(file, writable, guessed)
        : new Qcow2Image(
            file, header, new Qcow2Image.Parts(snapshots, bitmaps, dataFile, below, shared, null));
  }

  static ImageFormat probe(BlockFile file) throws IOException {
    ByteBuffer start = ByteBuffer.allocate(PROBE_BYTES);
    file.read(start, 0);
    return HeaderParser.looksLikeQcow2(start.flip()) ? ImageFormat.QCOW2 : ImageFormat.RAW;
  }

  private static LockProfile profile(ImageFormat format, ImageOptions options) {
    if (options.writable()) {
      return LockProfile.WRITING;
    }
    return switch (options.sharing()) {
      case FORCE_SHARE -> LockProfile.READING_SHARED;
      case EXCLUDE_WRITERS -> LockProfile.READING;
      case DEFAULT -> format == ImageFormat.RAW ? LockProfile.READING_SHARED : LockProfile.READING;
    };
  }

  private static void requireSize(BlockFile file, long virtualSize, ImageOptions options)
      throws LimitExceededException {
    if (virtualSize > options.maxVirtualSize()) {
      throw new LimitExceededException(
          file.path(),
          "Virtual size "
              + virtualSize
              + " exceeds the allowed "
              + options.maxVirtualSize()
              + " bytes",
          "virtual size bytes",
          options.maxVirtualSize());
    }
  }

  private static void refuseEncrypted(Path image, Qcow2Header header)
      throws UnsupportedFeatureException {
    switch (header.cryptMethod()) {
      case Qcow2Header.CRYPT_NONE -> {}
      case Qcow2Header.CRYPT_AES ->
          throw new UnsupportedFeatureException(
              image, "Encrypted images cannot be read: AES (legacy)", "AES encryption");
      default ->
          throw new UnsupportedFeatureException(
              image, "Encrypted images cannot be read: LUKS", "LUKS encryption");
    }
  }
}
