package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.chain.Reference;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.cluster.DecoderPool;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.ReferenceTrail;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.table.L2Cache;
import io.github.qcow4j.qcow2.table.TableRepeats;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Opens the layers of a chain from the top down, each by its header alone, and puts them together
 * from the bottom up once the chain is known to be finite, allowed and sound. Used once.
 */
final class ChainOpener {

  private final Volume volume;
  private final ReferencePolicy policy;
  private final ImageOptions options;
  private final IntPredicate writable;
  private final List<OpenLayer> layers = new ArrayList<>();
  private final Set<FileIdentity> seen = new HashSet<>();
  private ChainRoom room = ChainRoom.NONE;

  /** How many layers the chain will have above those that are opened. */
  private int layersAbove;

  ChainOpener(Volume volume, ReferencePolicy policy, ImageOptions options) {
    this(volume, policy, options, depth -> depth == 0 && options.writable());
  }

  /**
   * @param writable which layers may be changed, by their depth, 0 being the image itself
   */
  ChainOpener(Volume volume, ReferencePolicy policy, ImageOptions options, IntPredicate writable) {
    this.volume = volume;
    this.policy = policy;
    this.options = options;
    this.writable = writable;
  }

  DiskImage open(Path path) throws IOException {
    try {
      addLayer(path, options.format(), options.format() == null, options);
      OpenLayer top = layers.getFirst();
      if (!options.metadataOnly()) {
        addBackingLayers(top);
      }
      return assemble();
    } catch (IOException | RuntimeException e) {
      closeAll(e);
      throw e;
    }
  }

  /** Opens what an image that does not exist yet will have as its backing file. */
  DiskImage openBackingOf(Path image, String name, @Nullable String storedFormat)
      throws IOException {
    try {
      Path resolved = StoredName.resolveBacking(image, name);
      Path admitted = policy.admit(reference(image, name, resolved, storedFormat), volume);
      layersAbove = 1;
      requireDepth(image);
      addBackingLayer(admitted, backingFormat(image, storedFormat), storedFormat == null);
      addBackingLayers(layers.getFirst());
      return assemble();
    } catch (IOException | RuntimeException e) {
      e.addSuppressed(new ReferenceTrail(image, ReferenceTrail.Role.BACKING_FILE));
      closeAll(e);
      throw e;
    }
  }

  private static Reference reference(
      Path image, String name, Path resolved, @Nullable String storedFormat) {
    return new Reference(ReferenceTrail.Role.BACKING_FILE, image, name, resolved, storedFormat);
  }

  private void addBackingLayers(OpenLayer top) throws IOException {
    OpenLayer layer = top;
    while (layer != null) {
      try {
        layer = addBackingOf(layer);
      } catch (IOException e) {
        for (int i = layers.size() - 1; i >= 0; i--) {
          e.addSuppressed(
              new ReferenceTrail(layers.get(i).file().path(), ReferenceTrail.Role.BACKING_FILE));
        }
        throw e;
      }
    }
  }

  private @Nullable OpenLayer addBackingOf(OpenLayer layer) throws IOException {
    String name = layer.header() == null ? null : layer.header().backingFileName();
    if (layer.header() == null || name == null) {
      return null;
    }
    Path image = layer.file().path();
    String storedFormat = layer.header().extensions().backingFormat();
    Path resolved = StoredName.resolveBacking(image, name);
    Path admitted = policy.admit(reference(image, name, resolved, storedFormat), volume);
    ImageFormat format = backingFormat(image, storedFormat);
    requireDepth(image);
    if (seen.contains(volume.status(admitted).identity())) {
      throw new CorruptImageException(
          image,
          "Backing file '" + resolved + "' creates an infinite loop.",
          "backing file name",
          layer.header().backingFileOffset());
    }
    return addBackingLayer(admitted, format, storedFormat == null);
  }

  private void requireDepth(Path image) throws LimitExceededException {
    if (layersAbove + layers.size() >= options.maxChainLayers()) {
      throw new LimitExceededException(
          image,
          "Backing chain has more than " + options.maxChainLayers() + " layers",
          "chain layers",
          options.maxChainLayers());
    }
  }

  private @Nullable ImageFormat backingFormat(Path image, @Nullable String storedFormat)
      throws UnsupportedFeatureException {
    if (storedFormat == null) {
      if (!policy.mayProbeFormat()) {
        throw new UnsupportedFeatureException(
            image,
            "The image states no format for its backing file, and guessing is not allowed",
            "backing file without stated format");
      }
      return null;
    }
    return ImageFormat.byLabel(storedFormat)
        .orElseThrow(() ->
            new UnsupportedFeatureException(
                image, "Unknown driver '" + storedFormat + "'", "backing format " + storedFormat));
  }

  private OpenLayer addBackingLayer(Path path, @Nullable ImageFormat format, boolean probe)
      throws IOException {
    return addLayer(path, format, probe, options.withDataFile(null));
  }

  private OpenLayer addLayer(
      Path path, @Nullable ImageFormat format, boolean probe, ImageOptions base)
      throws IOException {
    ImageOptions own = writable.test(layers.size()) ? base.withWriting() : base.reading();
    OpenLayer layer = OpenLayer.open(volume, path, probe ? null : format, policy, own);
    layers.add(layer);
    requireRoom(layer);
    seen.add(layer.file().identity());
    return layer;
  }

  private void requireRoom(OpenLayer layer) throws LimitExceededException {
    room = layer.header() == null ? room : room.plus(layer.header().l1Entries());
    if (!options.metadataOnly()) {
      room.require(layer.file().path());
    }
  }

  private DiskImage assemble() throws IOException {
    Qcow2Image.Shared shared =
        new Qcow2Image.Shared(
            new L2Cache(options.l2CacheBytes()),
            new DecoderPool(),
            new TableRepeats(),
            options.metadataOnly());
    DiskImage below = null;
    for (int i = layers.size() - 1; i >= 0; i--) {
      below = layers.get(i).assemble(below, shared);
    }
    return java.util.Objects.requireNonNull(below);
  }

  private void closeAll(Exception failure) {
    for (OpenLayer layer : layers) {
      close(layer.file(), failure);
      if (layer.dataFile() != null) {
        close(layer.dataFile(), failure);
      }
    }
  }

  static void close(Closeable file, Exception failure) {
    try {
      file.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  static void close(BlockFile file, Exception failure) {
    close((Closeable) file, failure);
  }
}
