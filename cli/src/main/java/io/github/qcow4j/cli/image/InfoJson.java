package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.encryption.LuksHeader;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes the JSON of {@code info}, keys in QEMU's order. */
final class InfoJson {

  private static final long NANOS = 1_000_000_000L;

  private final JsonWriter json;

  InfoJson(JsonWriter json) {
    this.json = json;
  }

  void write(ImageFacts image) {
    Qcow2Header header = image.header();
    json.object();
    if (image.summary().backingName() != null) {
      member("backing-filename-format", image.backingFormat());
    }
    snapshots(image.summary().snapshots());
    json.member("virtual-size", image.summary().virtualSizeBytes());
    json.member("filename", image.name());
    if (header != null) {
      json.member("cluster-size", header.clusterSize());
    }
    json.member("format", image.summary().format().label());
    json.member("actual-size", image.summary().allocatedBytes());
    if (header != null) {
      json.key("format-specific").object().member("type", "qcow2").key("data");
      qcow2(image, header);
      json.end();
    }
    member("full-backing-filename", image.fullBackingName());
    if (image.encrypted()) {
      json.member("encrypted", true);
    }
    member("backing-filename", image.summary().backingName());
    json.member("dirty-flag", image.has(Feature.DIRTY));
    json.end();
  }

  private void member(String key, @Nullable String value) {
    if (value != null) {
      json.member(key, value);
    }
  }

  private void snapshots(List<InternalSnapshot> snapshots) {
    if (snapshots.isEmpty()) {
      return;
    }
    json.key("snapshots").array();
    for (InternalSnapshot snapshot : snapshots) {
      json.object();
      if (snapshot.icount() != -1) {
        json.member("icount", snapshot.icount());
      }
      json.member("vm-clock-nsec", Long.remainderUnsigned(snapshot.vmClockNanos(), NANOS));
      json.member("name", ShownText.of(snapshot.name()));
      json.member("date-sec", snapshot.dateSeconds());
      json.member("date-nsec", Integer.toUnsignedLong(snapshot.dateNanos()));
      json.member("vm-clock-sec", Long.divideUnsigned(snapshot.vmClockNanos(), NANOS));
      json.member("id", ShownText.of(snapshot.id()));
      json.member("vm-state-size", snapshot.vmStateBytes());
      json.end();
    }
    json.end();
  }

  private void qcow2(ImageFacts image, Qcow2Header header) {
    boolean version3 = header.version() >= 3;
    json.object();
    json.member("compat", version3 ? "1.1" : "0.10");
    json.member("compression-type", header.compressionType().label());
    if (version3) {
      json.member("lazy-refcounts", header.has(Feature.LAZY_REFCOUNTS));
      bitmaps(image.summary().bitmaps());
    }
    json.member("refcount-bits", header.refcountBits());
    if (version3) {
      member("data-file", header.extensions().dataFileName());
    }
    if (image.encrypted()) {
      json.key("encrypt");
      encryption(image.summary().luks());
    }
    if (version3) {
      if (header.has(Feature.EXTERNAL_DATA_FILE)) {
        json.member("data-file-raw", header.has(Feature.RAW_EXTERNAL_DATA));
      }
      json.member("corrupt", header.has(Feature.CORRUPT));
      json.member("extended-l2", header.has(Feature.EXTENDED_L2));
    }
    json.end();
  }

  private void bitmaps(List<Bitmap> bitmaps) {
    if (bitmaps.isEmpty()) {
      return;
    }
    json.key("bitmaps").array();
    for (Bitmap bitmap : bitmaps) {
      json.object().key("flags").array();
      if (bitmap.inUse()) {
        json.string("in-use");
      }
      if (bitmap.auto()) {
        json.string("auto");
      }
      json.end();
      json.member("name", ShownText.of(bitmap.name()));
      json.member("granularity", bitmap.granularityBytes());
      json.end();
    }
    json.end();
  }

  private void encryption(@Nullable LuksHeader luks) {
    json.object();
    if (luks == null) {
      json.member("format", "aes").end();
      return;
    }
    json.member("ivgen-alg", luks.ivGenerator());
    json.member("hash-alg", luks.hashName());
    json.member("cipher-alg", luks.cipherWithKeyBits());
    json.member("uuid", luks.uuid());
    member("ivgen-hash-alg", luks.ivGeneratorHash());
    json.member("format", "luks");
    json.member("cipher-mode", luks.cipherMode());
    json.key("slots").array();
    for (LuksHeader.KeySlot slot : luks.slots()) {
      json.object().member("active", slot.active());
      if (slot.active()) {
        json.member("iters", slot.iterations());
      }
      json.member("key-offset", slot.keyOffsetBytes());
      if (slot.active()) {
        json.member("stripes", slot.stripes());
      }
      json.end();
    }
    json.end();
    json.member("payload-offset", luks.payloadOffsetBytes());
    json.member("master-key-iters", luks.masterKeyIterations());
    json.end();
  }
}
