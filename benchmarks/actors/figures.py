CAPACITY = 128
def resident_bytes(): return 0
