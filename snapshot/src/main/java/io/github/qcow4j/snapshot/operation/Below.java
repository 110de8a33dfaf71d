package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import java.nio.file.Path;

/**
 * What a new image lies on.
 *
 * @param parent for the catalogue
 * @param storedName for the header
 * @param format its format's label
 */
record Below(Parent parent, String storedName, String format) {

  static Below layer(String id, String file, String format) {
    return new Below(new Parent.Inside(id), HomeLayout.backingName(file), format);
  }

  static Below layer(ImageRow image) {
    return layer(image.id(), image.file(), image.format());
  }

  static Below outside(Path path, ImageFormat format) {
    return new Below(
        new Parent.Outside(path.toString(), format.label()), path.toString(), format.label());
  }
}
