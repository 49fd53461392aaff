"""Outline the dark part of each image: the way the client's own documentation shows, nothing of this project."""

import logging
import os
import sys
import tempfile

import numpy as np
from cytomine import CytomineJob
from cytomine.models import Annotation, AnnotationCollection, AttachedFile, ImageInstanceCollection, JobData
from PIL import Image
from shapely.geometry import box


def main(argv):
    with CytomineJob.from_cli(argv) as job:
        parameters = job.parameters
        job.job.update(progress=5, statusComment="Looking for images")
        images = ImageInstanceCollection().fetch_with_filter("project", parameters.cytomine_id_project)
        found = AnnotationCollection()
        dark = 0
        for image in job.monitor(images, prefix="Images", start=10, end=80):
            path = os.path.join(tempfile.mkdtemp(), "thumb.png")
            image.dump(dest_pattern=path, max_size=max(image.width, image.height), override=True)
            pixels = np.asarray(Image.open(path).convert("L"))
            rows, columns = np.nonzero(pixels < int(parameters.threshold))
            dark += len(rows)
            if len(rows):
                left, right = int(columns.min()), int(columns.max()) + 1
                top, bottom = int(rows.min()), int(rows.max()) + 1
                shape = box(left, image.height - bottom, right, image.height - top)
                found.append(
                    Annotation(
                        location=shape.wkt,
                        id_image=image.id,
                        id_project=parameters.cytomine_id_project,
                        id_terms=[parameters.term],
                    )
                )
        found.save()
        report = os.path.join(tempfile.mkdtemp(), "report.txt")
        with open(report, "w") as file:
            file.write("dark pixels: %d\n" % dark)
        data = JobData(id_job=job.job.id, key="report", filename="report.txt").save()
        data.upload(report)
        AttachedFile(job.job, domainIdent=job.job.id, filename=report).upload()
        job.job.update(progress=100, statusComment="Done: %d dark pixels" % dark)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main(sys.argv[1:])
