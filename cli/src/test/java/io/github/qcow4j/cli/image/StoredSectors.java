package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.testing.JsonText;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.file.Path;
import java.util.Map;

/** Which sectors of a disk are stored as data, by {@code qemu-img map}. */
final class StoredSectors {

  private static final int SECTOR_BYTES = 512;

  /** For each sector the number of the layer that stores it, from 1; 0 where zeros are. */
  private final int[] layers;

  private StoredSectors(int[] layers) {
    this.layers = layers;
  }

  /** The sectors of an image with those below it. */
  static StoredSectors of(Path image) {
    QemuTools qemu = QemuTools.require();
    String format = TwinSetup.format(image.toString());
    String map = qemu.img("map", "-f", format, "--output=json", image.toString()).orFail().stdout();
    Map<String, Object> info = JsonText.object(qemu.infoJson(image, "-f", format));
    int[] layers = new int[number(info, "virtual-size") / SECTOR_BYTES];
    for (Object element : JsonText.array(map)) {
      if (element instanceof Map<?, ?> run
          && Boolean.TRUE.equals(run.get("data"))
          && Boolean.FALSE.equals(run.get("zero"))) {
        int first = number(run, "start") / SECTOR_BYTES;
        for (int i = 0; i < number(run, "length") / SECTOR_BYTES; i++) {
          layers[first + i] = 1 + number(run, "depth");
        }
      }
    }
    return new StoredSectors(layers);
  }

  private static int number(Map<?, ?> object, String key) {
    return Math.toIntExact((Long) object.get(key));
  }

  /** Whether all that another image stores is stored here too, in the same layer. */
  boolean coverThoseOf(Path image) {
    int[] others = of(image).layers;
    if (others.length != layers.length) {
      return false;
    }
    for (int i = 0; i < others.length; i++) {
      if (others[i] != 0 && others[i] != layers[i]) {
        return false;
      }
    }
    return true;
  }
}
