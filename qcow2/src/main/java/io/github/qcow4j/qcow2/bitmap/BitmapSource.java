package io.github.qcow4j.qcow2.bitmap;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.util.List;

/**
 * An open image as far as its bitmaps go.
 *
 * @param file the image
 * @param header its header
 * @param bitmaps its bitmaps
 */
public record BitmapSource(BlockFile file, Qcow2Header header, List<Bitmap> bitmaps) {

  public BitmapSource {
    bitmaps = List.copyOf(bitmaps);
  }
}
