package io.github.qcow4j.qcow2;

import io.github.qcow4j.qcow2.check.CheckFinding;
import io.github.qcow4j.qcow2.table.L2Cache;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How to open an image.
 *
 * @param format its format, or null to let its content decide; see {@link #probing()}
 * @param writable whether the image, never a layer below it, may be changed
 * @param metadataOnly open the named file alone: no backing file, no data file, no guest data
 * @param sharing whom to keep out meanwhile
 * @param maxChainLayers how many images a chain may have, itself included; 1 and more
 * @param maxVirtualSize largest virtual size to accept, in bytes
 * @param l2CacheBytes budget for L2 tables of the whole chain
 * @param repairs told of what is found and put right in an image that was left dirty, before it is
 *     written to; see {@link io.github.qcow4j.qcow2.check.ImageRepair}
 * @param dataFile the external data file to take in place of the one that the image itself names,
 *     or null to take that one; see {@link #withDataFile}
 */
public record ImageOptions(
    @Nullable ImageFormat format,
    boolean writable,
    boolean metadataOnly,
    Sharing sharing,
    int maxChainLayers,
    long maxVirtualSize,
    long l2CacheBytes,
    Consumer<? super CheckFinding> repairs,
    @Nullable Path dataFile) {

  /**
   * No chain that people or programs make on purpose is as long; one that is keeps as many files
   * open and makes every lookup as slow.
   */
  public static final int DEFAULT_MAX_CHAIN_LAYERS = 256;

  /** Whom to keep out while an image is open. */
  public enum Sharing {
    /** As QEMU does: nobody writes to a qcow2 image that is read; raw images may be written to. */
    DEFAULT,
    /** Nobody writes to any layer, raw ones included. */
    EXCLUDE_WRITERS,
    /** Anybody may write meanwhile; what is read may then make no sense ({@code --force-share}). */
    FORCE_SHARE
  }

  private static void unheard(CheckFinding finding) {}

  /** An image of a stated format. */
  public static ImageOptions of(ImageFormat format) {
    return new ImageOptions(
        format,
        false,
        false,
        Sharing.DEFAULT,
        DEFAULT_MAX_CHAIN_LAYERS,
        Long.MAX_VALUE,
        L2Cache.DEFAULT_BUDGET_BYTES,
        ImageOptions::unheard,
        null);
  }

  /**
   * An image whose content tells the format: qcow2 where it begins with qcow2's magic, else raw.
   * Not for raw disks that a guest could write to: it could make itself a qcow2 image.
   */
  public static ImageOptions probing() {
    return new ImageOptions(
        null,
        false,
        false,
        Sharing.DEFAULT,
        DEFAULT_MAX_CHAIN_LAYERS,
        Long.MAX_VALUE,
        L2Cache.DEFAULT_BUDGET_BYTES,
        ImageOptions::unheard,
        null);
  }

  /** The same with another format, or null to let the content decide. */
  public ImageOptions withFormat(@Nullable ImageFormat newFormat) {
    return new ImageOptions(
        newFormat,
        writable,
        metadataOnly,
        sharing,
        maxChainLayers,
        maxVirtualSize,
        l2CacheBytes,
        repairs,
        dataFile);
  }

  /** The same, opening the named file alone: no backing file, no data file, no guest data. */
  public ImageOptions withMetadataOnly() {
    return new ImageOptions(
        format,
        writable,
        true,
        sharing,
        maxChainLayers,
        maxVirtualSize,
        l2CacheBytes,
        repairs,
        dataFile);
  }

  /** The same, for changing the image; layers below it are only read. */
  public ImageOptions withWriting() {
    return new ImageOptions(
        format,
        true,
        metadataOnly,
        sharing,
        maxChainLayers,
        maxVirtualSize,
        l2CacheBytes,
        repairs,
        dataFile);
  }

  /** The same for the layers below an image. */
  ImageOptions reading() {
    return new ImageOptions(
        format,
        false,
        metadataOnly,
        sharing,
        maxChainLayers,
        maxVirtualSize,
        l2CacheBytes,
        repairs,
        dataFile);
  }

  /** The same with other sharing. */
  public ImageOptions withSharing(Sharing newSharing) {
    return new ImageOptions(
        format,
        writable,
        metadataOnly,
        newSharing,
        maxChainLayers,
        maxVirtualSize,
        l2CacheBytes,
        repairs,
        dataFile);
  }

  /**
   * The same with the external data file of the image itself, not of a layer below it, named by the
   * caller. It is opened without a question to the {@link
   * io.github.qcow4j.qcow2.chain.ReferencePolicy}: the name is not the image's. Where no guest data
   * is wanted it is not opened at all.
   *
   * @param path the data file, or null to take the one that the image names
   */
  public ImageOptions withDataFile(@Nullable Path path) {
    return new ImageOptions(
        format,
        writable,
        metadataOnly,
        sharing,
        maxChainLayers,
        maxVirtualSize,
        l2CacheBytes,
        repairs,
        path);
  }

  /** The same with another limit for the length of the chain. */
  public ImageOptions withMaxChainLayers(int layers) {
    if (layers < 1) {
      throw new IllegalArgumentException("a chain has at least one layer: " + layers);
    }
    return new ImageOptions(
        format,
        writable,
        metadataOnly,
        sharing,
        layers,
        maxVirtualSize,
        l2CacheBytes,
        repairs,
        dataFile);
  }

  /** The same with a limit for the virtual size of every layer, in bytes. */
  public ImageOptions withMaxVirtualSize(long bytes) {
    return new ImageOptions(
        format,
        writable,
        metadataOnly,
        sharing,
        maxChainLayers,
        bytes,
        l2CacheBytes,
        repairs,
        dataFile);
  }

  /** The same with somebody to tell of repairs on opening. */
  public ImageOptions withRepairs(Consumer<? super CheckFinding> newRepairs) {
    return new ImageOptions(
        format,
        writable,
        metadataOnly,
        sharing,
        maxChainLayers,
        maxVirtualSize,
        l2CacheBytes,
        newRepairs,
        dataFile);
  }

  /** The same with another budget for the L2 tables of the whole chain, in bytes. */
  public ImageOptions withL2CacheBytes(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("a budget is not negative: " + bytes);
    }
    return new ImageOptions(
        format,
        writable,
        metadataOnly,
        sharing,
        maxChainLayers,
        maxVirtualSize,
        bytes,
        repairs,
        dataFile);
  }
}
