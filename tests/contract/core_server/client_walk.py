"""What an algorithm does with a client: run by the Python of each client's environment, prints what it saw as JSON.

Arguments: host, public key, private key, slide, working folder. Runs with clients 2.3.4 to 4.3.0.
"""

import importlib
import json
import logging
import struct
import sys
import uuid
from pathlib import Path

from cytomine import Cytomine
from cytomine import models as m

HOST, PUBLIC, PRIVATE, SLIDE, FOLDER = sys.argv[1:6]
SEEN = {}
MARK = uuid.uuid4().hex[:8]


def file(name):
    return str(Path(FOLDER) / name)


def see(name, value):
    SEEN[name] = value
    return value


def png_size(path):
    head = Path(path).read_bytes()[:26]
    return [*struct.unpack(">II", head[16:24]), head[25]]


def ids(collection):
    return [item.id for item in collection]


def accounts(client):
    current = client.current_user
    see("current", [current.username, current.admin, current.publicKey == PUBLIC])
    see("keys", current.keys()["privateKey"] == PRIVATE)
    see("signature", sorted(current.signature()))
    see("alive", client.is_alive() if hasattr(client, "is_alive") else client.wait_to_accept_connection())
    see("admin session", [client.open_admin_session(), client.close_admin_session()])
    user = m.User(f"user{MARK}", "First", "Last", f"{MARK}@example.org", "secret").save()
    see("user", [user.firstname, user.email, m.User().fetch(user.id).username == f"user{MARK}"])
    see("user keys", sorted(user.keys()))
    roles = m.RoleCollection().fetch()
    guest = roles.find_by_attribute("authority", "ROLE_GUEST")
    m.UserRole(user.id, guest.id).save()
    see("roles", sorted(role.authority for role in m.UserRoleCollection(filters={"user": user.id}).fetch()))
    see("role", m.UserRole().fetch(user.id, guest.id).authority)
    user.lastname = "Changed"
    see("renamed", user.update().lastname)
    return user


def ontologies(user):
    ontology = m.Ontology(f"ontology {MARK}").save()
    parent = m.Term("parent", ontology.id, "#ff0000").save()
    terms = m.TermCollection()
    terms.extend([m.Term(f"child {i}", ontology.id, "#00ff00") for i in range(2)])
    see("terms saved", terms.save())
    children = [t for t in m.TermCollection().fetch_with_filter("ontology", ontology.id) if t.id != parent.id]
    see("children", [[t.name, t.color] for t in children])
    m.RelationTerm(parent.id, children[0].id).save()
    tree = m.Ontology().fetch(ontology.id).children
    see("tree", [[node["name"], [child["name"] for child in node["children"]]] for node in tree])
    see("parent", m.Term().fetch(children[0].id).parent == parent.id)
    project = m.Project(f"project {MARK}", ontology.id).save()
    see("project", [project.name, m.Project().fetch(project.id).ontology == ontology.id])
    see("project terms", len(m.TermCollection().fetch_with_filter("project", project.id)))
    see("add user", bool(project.add_user(user.id)))
    see(
        "members",
        sorted(u.username.replace(MARK, "") for u in m.UserCollection(filters={"project": project.id}).fetch()),
    )
    see("projects of user", ids(m.ProjectCollection(filters={"user": user.id}).fetch()) == [project.id])
    see("projects of ontology", ids(m.ProjectCollection(filters={"ontology": ontology.id}).fetch()) == [project.id])
    return project, parent, children


def upload(client, project):
    storage = m.StorageCollection().fetch()[0]
    if client.upload_image.__code__.co_varnames[1] == "upload_host":
        uploaded = client.upload_image(HOST, SLIDE, storage.id, project.id, sync=True)
    else:
        uploaded = client.upload_image(SLIDE, storage.id, project.id, sync=True)
    see("uploaded", [uploaded.status, uploaded.originalFilename])
    see("uploaded again", m.UploadedFile().fetch(uploaded.id).size == Path(SLIDE).stat().st_size)
    image = uploaded.images[0]["imageInstances"][0]
    see("image", [image.width, image.height, image.zoom, image.originalFilename])
    see("images", ids(m.ImageInstanceCollection().fetch_with_filter("project", project.id)) == [image.id])
    abstract = m.AbstractImage().fetch(image.baseImage)
    see("abstract image", [abstract.width, abstract.filename])
    see("reference slice", [image.reference_slice().channel, image.reference_slice().path == image.path])
    slices = m.SliceInstanceCollection().fetch_with_filter("imageinstance", image.id)
    see("slices", len(slices))
    see("abstract slices", len(m.AbstractSliceCollection().fetch_with_filter("abstractimage", abstract.id)))
    image.dump(file("thumb.png"), max_size=300)
    see("thumb", png_size(file("thumb.png")))
    image.window(10, 20, 64, 32, dest_pattern=file("window.png"))
    see("window", png_size(file("window.png")))
    slices[0].window(0, 0, 40, 30, dest_pattern=file("slice.png"))
    see("slice window", png_size(file("slice.png")))
    image.download(file("original.tif"))
    see("original", Path(file("original.tif")).stat().st_size == Path(SLIDE).stat().st_size)
    return image


def annotate(project, image, parent):
    square = "POLYGON ((100 100, 300 100, 300 250, 100 250, 100 100))"
    made = m.Annotation(location=square, id_image=image.id, id_project=project.id, id_terms=[parent.id]).save()
    see("annotation", [made.location == square, made.area, made.term == [parent.id]])
    for name, options in {"crop": {}, "mask": {"mask": True}, "alpha": {"mask": True, "alpha": True}}.items():
        made.dump(file(f"{name}.png"), **options)
        see(name, png_size(file(f"{name}.png")))
    many = m.AnnotationCollection()
    many.extend([m.Annotation(location=f"POINT ({i} 5)", id_image=image.id) for i in range(45)])
    see("bulk", many.save())
    found = m.AnnotationCollection(project=project.id, showWKT=True, showTerm=True, showGIS=True).fetch()
    see("found", [len(found), found[-1].location == square, found[-1].term == [parent.id], found[-1].area])
    see("bbox", len(m.AnnotationCollection(image=image.id, bbox="POLYGON((0 0,9.5 0,9.5 9,0 9,0 0))").fetch()))
    included = m.AnnotationCollection(image=image.id, included=True, annotation=made.id).fetch()
    see("included", len(included))
    m.Property(made, "key", "value").save()
    see("property", [m.Property(made).fetch(key="key").value, sorted(m.PropertyCollection(made).fetch().as_dict())])
    m.Description(project, "<p>described</p>").save()
    see("description", m.Description(project).fetch().data)
    tag = m.Tag(f"tag {MARK}").save()
    m.TagDomainAssociation(made, tag.id).save()
    see("tags", [t.tagName.replace(MARK, "") for t in m.TagDomainAssociationCollection(made).fetch()])
    Path(file("model.bin")).write_bytes(b"weights")
    attached = m.AttachedFile(project, filename=file("model.bin")).upload()
    attached = m.AttachedFileCollection(project).fetch()[0]
    attached.download(file("model2.bin"), override=True)
    see("attached", [attached.filename, Path(file("model2.bin")).read_text()])
    track = m.Track("track", image.id, "#123456").save()
    see("tracks", [t.name for t in m.TrackCollection().fetch_with_filter("imageinstance", image.id)])
    see("track", track.color)
    see("review", bool(made.review([parent.id])))
    see("reviewed", len(m.AnnotationCollection(project=project.id, reviewed=True).fetch()))
    gone = found[0]
    see("deleted", [gone.delete(), m.Annotation().fetch(gone.id)])
    return made


def terms_of(made, parent, child):
    see("annotation term", m.AnnotationTerm(made.id, child.id).save().term == child.id)
    see("annotation term again", m.AnnotationTerm().fetch(made.id, child.id).term == child.id)
    see("terms of annotation", sorted(m.Annotation().fetch(made.id).term) == sorted([parent.id, child.id]))


def job(project, image, made, parent, child):
    software_models = importlib.import_module("cytomine.models.software")
    from cytomine import CytomineJob

    software = software_models.Software(f"software {MARK}", "", softwareVersion="1").save()
    for name, kind in (("cytomine_host", "String"), ("cytomine_public_key", "String"),
                       ("cytomine_private_key", "String"), ("cytomine_id_project", "Number"),
                       ("cytomine_id_software", "Number")):  # fmt: skip
        software_models.SoftwareParameter(name, kind, software.id, "", True, set_by_server=True).save()
    for name, kind, default in (("size", "Number", 5), ("ratio", "Number", 0.5), ("on", "Boolean", True),
                                ("terms", "ListDomain", None), ("label", "String", "a b")):  # fmt: skip
        software_models.SoftwareParameter(name, kind, software.id, default).save()
    software_models.SoftwareProject(software.id, project.id).save()
    see("software", ids(software_models.SoftwareCollection().fetch_with_filter("project", project.id)) == [software.id])
    argv = ["--cytomine_host", HOST, "--cytomine_public_key", PUBLIC, "--cytomine_private_key", PRIVATE,
            "--cytomine_id_project", str(project.id), "--cytomine_id_software", str(software.id),
            "--size", "7", "--terms", "1,2"]  # fmt: skip
    with CytomineJob.from_cli(argv) as running:
        parameters = running.parameters
        see("parameters", [parameters.size, parameters.ratio, parameters.on, parameters.terms, parameters.label])
        see("running", [running.job.status, running.current_user.algo])
        for _ in running.monitor(range(4), start=0, end=100, prefix="step"):
            pass
        see("progress", [running.job.progress, running.job.statusComment])
        mine = m.Annotation(location="POINT (50 50)", id_image=image.id, id_terms=[parent.id]).save()
        see("algo annotation", [mine.class_, mine.user == running.job.userJob])
        predicted = m.AlgoAnnotationTerm(made.id, parent.id, child.id, 0.75).save()
        see("prediction", [predicted.rate, predicted.expectedTerm == child.id])
        data = software_models.JobData(running.job.id, "result", "out.txt").save()
        Path(file("out.txt")).write_text("result")
        data.upload(file("out.txt"))
        data.download(file("back.txt"), override=True)
        see("job data", [data.size, Path(file("back.txt")).read_text()])
        ended = running.job.id
    Cytomine(HOST, PUBLIC, PRIVATE, verbose=logging.CRITICAL)
    done = software_models.Job().fetch(ended)
    see("done", [done.status, done.statusComment])
    see("job parameters", {p["name"]: p["value"] for p in done.jobParameters})
    see("jobs", ids(software_models.JobCollection(project=project.id).fetch()) == [ended])
    see("algo search", len(m.AnnotationCollection(project=project.id, user=done.userJob).fetch()))


def main():
    logging.disable(logging.CRITICAL)
    client = Cytomine(HOST, PUBLIC, PRIVATE, verbose=logging.CRITICAL)
    user = accounts(client)
    project, parent, children = ontologies(user)
    image = upload(client, project)
    made = annotate(project, image, parent)
    terms_of(made, parent, children[0])
    if hasattr(m, "AlgoAnnotationTerm") and importlib.util.find_spec("cytomine.cytomine_job"):
        job(project, image, made, parent, children[0])
    see("remove user", bool(project.delete_user(user.id)))
    see("user deleted", user.delete())
    print(json.dumps(SEEN))


if __name__ == "__main__":
    main()
